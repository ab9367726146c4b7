import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { configProblems } from '../support/config-problems.ts';
import { aMail, anSms, sendMessages, useMailApp } from '../support/messages.ts';
import { createVisitor } from '../support/page-visitor.ts';
import { creationOptions } from '../support/passkeys.ts';
import { signUp } from '../support/people.ts';

const NAMES = { BRAND_NAME: 'Acme & Sons, Inc.' };
const SENDER = 'no-reply@example.com';

/** The issuer that an authenticator app shows. */
async function issuerOf(app: TestApp): Promise<string | null> {
  const { token } = await signUp(app);
  const { body } = await app.post('/me/factors/totp').auth(token, { type: 'bearer' }).expect(201);
  return new URL(body.otpauth_uri).searchParams.get('issuer');
}

describe('BRAND_NAME', () => {
  describe('by itself', () => {
    const started = useMailApp('SQLite', { ...NAMES, MAIL_FROM: SENDER });

    it('is what pages, authenticator apps and passkeys call the service', async () => {
      const { app } = started();
      const { token } = await signUp(app);

      expect((await createVisitor(app).visit('/sign-in')).text).toContain('Acme &amp; Sons, Inc.</title>');
      expect(await issuerOf(app)).toBe(NAMES.BRAND_NAME);
      expect((await creationOptions(app, token)).public_key).toMatchObject({
        rp: { id: 'auth.example.com', name: NAMES.BRAND_NAME },
      });
    });

    it('is the name in mail and that of its sender', async () => {
      const { app, smtp } = started();
      smtp.forget();

      await sendMessages(app, aMail(app.clock));

      expect(smtp.mails[0]?.headers).toMatchObject({
        from: `"Acme & Sons, Inc." <${SENDER}>`,
        subject: 'Your sign-in code for Acme & Sons, Inc.',
      });
    });
  });

  describe('beside other names', () => {
    const started = useMailApp('SQLite', { ...NAMES, TOTP_ISSUER: 'Acme Login' });

    it('gives way to TOTP_ISSUER in authenticator apps and to the name in MAIL_FROM in mail', async () => {
      const { app, smtp } = started();
      smtp.forget();

      await sendMessages(app, aMail(app.clock));

      expect(await issuerOf(app)).toBe('Acme Login');
      expect(smtp.mails[0]?.headers).toMatchObject({
        from: `Example <${SENDER}>`,
        subject: 'Your sign-in code for Example',
      });
    });
  });

  it('is on one line, since it stands in the subjects of mail', () => {
    for (const name of ['BRAND_NAME', 'TOTP_ISSUER'])
      expect(configProblems({ [name]: 'Acme\nBcc: eve@example.org' })).toEqual([
        expect.stringContaining(`${name} is `),
      ]);
  });

  it('is that of authenticator apps by default, and Latchkey where neither is set', () => {
    const namesOf = (env: Record<string, string>) => {
      const { factors, pages } = loadConfig(env);
      return [pages.brandName, factors.totpIssuer];
    };

    expect(namesOf({ TOTP_ISSUER: 'Acme' })).toEqual(['Acme', 'Acme']);
    expect(namesOf({})).toEqual(['Latchkey', 'Latchkey']);
  });
});

describe('Messages that stay in the outbox', () => {
  const app = useApp('SQLite', { BRAND_NAME: 'Acme', SMTP_URL: '', MAIL_FROM: '' });

  it('call the service by BRAND_NAME too', async () => {
    await sendMessages(app, aMail(app.clock), anSms(app.clock));

    const { text } = await app.get('/dev/outbox').expect(200);
    expect(text).toContain('Your sign-in code for Acme');
  });
});
