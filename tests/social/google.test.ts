import { describe, expect, it } from '@jest/globals';
import { CLIENT, callbackOf, googleEnv, openBrowser, useSocialApp } from '../support/social-browser.ts';
import { startGoogle } from '../support/social-peers/google.ts';

describe('Google', () => {
  const used = useSocialApp({
    start: (clock) => startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock }),
    env: googleEnv,
  });

  it('makes an account at the first sign-in', async () => {
    const { app, peer } = used;
    peer.signIn({ sub: '1', email: 'ada@example.com', name: 'Ada' });
    const { user } = await openBrowser(app).enter('google');
    expect(user).toMatchObject({ email: 'ada@example.com', email_verified: true, name: 'Ada' });
  });
});
