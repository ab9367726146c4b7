import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { refusalOf } from '../support/codes.ts';
import { registerPasskey, signInBy } from '../support/passkeys.ts';
import { signUp } from '../support/people.ts';

const ANDROID = `android:apk-key-hash:${'pNiP5iKyQ8JwgGOaKA1zGPUPJIS0-0H1xKCQcfIoGLc'}`;
const IOS = 'ios:bundle-id:com.example.app';
const PAGES = ['https://auth.example.com', 'https://shop.example.org'];
const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
};

describe('A service with several domains and apps', () => {
  const app = useApp('SQLite', {
    ...PRODUCTION,
    WEBAUTHN_RP_ID: 'example.com',
    WEBAUTHN_ORIGINS: [...PAGES, ANDROID, IOS].join(','),
  });

  it('takes passkeys on each of them, and nowhere else', async () => {
    const { token } = await signUp(app);
    const authenticator = createAuthenticator();
    await registerPasskey(app, token, authenticator);

    for (const origin of [...PAGES, ANDROID, IOS])
      expect((await signInBy(app, authenticator, { origin })).status).toBe(200);
    for (const origin of ['https://example.com', 'http://localhost:3000', `${ANDROID}x`])
      expect(refusalOf(await signInBy(app, authenticator, { origin }))).toBe('400 invalid_passkey');
  });

  it('names its pages at GET /.well-known/webauthn, where browsers look for related origins', async () => {
    const { body, headers } = await app.get('/.well-known/webauthn').expect(200);

    expect(body).toEqual({ origins: PAGES });
    expect(headers['content-type']).toMatch(/^application\/json/);
  });
});
