import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { useGoogleApp } from '../../support/google-app.ts';
import { pendingCookieIn, pendingCookiesIn, requestIn } from '../../support/pending.ts';
import { ALLOWED_RETURN_URLS, APP, LISTED_RETURN_URLS } from '../../support/return-urls.ts';
import { APP_PAGE, CLIENT, callbackOf } from '../../support/social-browser.ts';

const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };
const RANDOM = /^[\w-]{43}$/;
const PRODUCTION = {
  ...GITHUB,
  NODE_ENV: 'production',
  RETURN_URLS: LISTED_RETURN_URLS,
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
  TRUST_PROXY: '1',
};
const COOKIE = /^latchkey-pending-[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/;
const HOST_COOKIE =
  /^__Host-latchkey-pending-[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/;
/** What browsers take for the name and the value of a cookie together. */
const MAX_COOKIE_BYTES = 4_096;
/** What nginx takes for a header is 8 KB, with the cookies of the session in it. */
const MAX_COOKIES_BYTES = 6_500;

onOneDatabase((kind) => {
  describe('GET /login/{provider} of an OpenID provider', () => {
    const app = useGoogleApp(kind, { RETURN_URLS: LISTED_RETURN_URLS });
    const begin = (query: Record<string, string> = {}) =>
      app.get('/login/google').query({ return_to: APP, ...query });

    it('answers 302 to its page, with all that OpenID Connect and PKCE want, and nothing of the app', async () => {
      const response = await begin({ transport: 'cookie' }).expect(302);

      const { origin, pathname } = new URL(response.headers.location ?? '');
      expect(origin + pathname).toBe(`${app.google.issuer}/o/oauth2/v2/auth`);
      expect(requestIn(response)).toEqual({
        response_type: 'code',
        client_id: CLIENT.clientId,
        redirect_uri: callbackOf('google'),
        scope: 'openid email profile',
        state: expect.stringMatching(RANDOM),
        nonce: expect.stringMatching(RANDOM),
        code_challenge: expect.stringMatching(RANDOM),
        code_challenge_method: 'S256',
      });
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers['referrer-policy']).toBe('no-referrer');
      expect(response.text).toBe('');
    });

    it('answers 302 with another state, nonce and challenge each time, none of them the same as another', async () => {
      const seen = new Set<string>();
      for (let times = 0; times < 10; times++) {
        const { state = '', nonce = '', code_challenge: challenge = '' } = requestIn(await begin());
        for (const value of [state, nonce, challenge]) seen.add(value);
      }

      expect(seen.size).toBe(30);
    });

    it.each(['login', 'consent', 'select_account'])('passes on what it is to ask for: %s', async (prompt) => {
      const asked = requestIn(await begin({ prompt, login_hint: 'grace@example.com' }).expect(302));

      expect(asked).toMatchObject({ prompt, login_hint: 'grace@example.com' });
    });

    it('puts nothing of the sign-in into its cookie that can be read or guessed', async () => {
      const response = await begin().expect(302);

      const { state = '', nonce = '' } = requestIn(response);
      const [, sealed = ''] = pendingCookieIn(response).split('=');
      const readable = sealed + Buffer.from(sealed, 'base64url').toString('latin1');
      for (const secret of [state, nonce, APP, 'google']) expect(readable).not.toContain(secret);
    });
  });

  describe('GET /login/{provider} of another provider', () => {
    const app = useApp(kind, { ...GITHUB, RETURN_URLS: `${LISTED_RETURN_URLS},${APP_PAGE}` });

    const begin = (cookie = '') =>
      app.get('/login/github').query({ return_to: APP_PAGE }).set('Cookie', cookie);

    it('answers 302 to its page, with all that OAuth and PKCE want', async () => {
      const response = await begin().expect(302);

      expect(response.headers.location).toMatch(/^https:\/\/github\.com\/login\/oauth\/authorize\?/);
      expect(requestIn(response)).toEqual({
        response_type: 'code',
        client_id: 'latchkey',
        redirect_uri: callbackOf('github'),
        scope: 'read:user user:email',
        state: expect.stringMatching(RANDOM),
        code_challenge: expect.stringMatching(RANDOM),
        code_challenge_method: 'S256',
      });
    });

    it.each(ALLOWED_RETURN_URLS)('may lead back to %s', async (url) => {
      await app.get('/login/github').query({ return_to: url }).expect(302);
    });

    it.each(['http://localhost:5173/x', 'http://127.0.0.1/', 'http://[::1]:8080/'])(
      'may lead back to %s outside production',
      async (url) => {
        await app.get('/login/github').query({ return_to: url }).expect(302);
      },
    );

    /** Pages of this machine need not be listed. */
    const pageOf = (length: number) => 'http://localhost/?'.padEnd(length, 'x');

    it('sets a cookie that a browser takes, also with the longest page to lead back to', async () => {
      const challenge = '01a1f739-6923-7248-88fc-19260e07eec4';
      const response = await app
        .get('/login/github')
        .query({ return_to: pageOf(2_000), challenge_id: challenge, transport: 'cookie' })
        .expect(302);

      expect(pendingCookieIn(response).length).toBeLessThan(MAX_COOKIE_BYTES);
    });

    it('forgets the oldest of five sign-ins that a browser has begun, and no other', async () => {
      const cookies: string[] = [];
      for (let tab = 1; tab <= 4; tab++) {
        const response = await begin(cookies.join('; ')).expect(302);
        expect(pendingCookiesIn(response)).toHaveLength(1);
        cookies.push(pendingCookieIn(response));
      }

      const fifth = await begin(`theme=dark; ${cookies.join('; ')}; latchkey=x`).expect(302);

      const [oldest = ''] = cookies;
      expect(pendingCookiesIn(fifth).filter((text) => text.includes('Max-Age=0'))).toEqual([
        `${oldest.split('=')[0]}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
      ]);
    });

    it('forgets the oldest as well where their pages are so long that a proxy would refuse the headers', async () => {
      let cookies: string[] = [];
      for (let tab = 1; tab <= 4; tab++) {
        const response = await app
          .get('/login/github')
          .query({ return_to: pageOf(1_900) })
          .set('Cookie', cookies.join('; '))
          .expect(302);
        const forgotten = pendingCookiesIn(response).filter((text) => text.includes('Max-Age=0'));
        const isKept = (cookie: string) =>
          !forgotten.some((text) => text.startsWith(`${cookie.split('=')[0]}=`));
        cookies = [...cookies.filter(isKept), pendingCookieIn(response)];
        expect(cookies.join('; ').length).toBeLessThan(MAX_COOKIES_BYTES);
      }
      expect(cookies.length).toBeGreaterThan(0);
    });
  });

  describe('GET /login/{provider} sets a cookie for this host alone, which other sites lead back with', () => {
    describe.each([
      ['as it is by default', {}, COOKIE, HOST_COOKIE],
      ['where others are strict', { COOKIE_SAMESITE: 'strict' }, COOKIE, HOST_COOKIE],
      ['where others are for every site', { COOKIE_SAMESITE: 'none' }, COOKIE, HOST_COOKIE],
      ['where others are for a whole domain', { COOKIE_DOMAIN: 'example.com' }, COOKIE, HOST_COOKIE],
    ] as const)('%s', (_how, env, overHttp, overHttps) => {
      const app = useApp(kind, { ...GITHUB, ...env, TRUST_PROXY: '1' });
      const begin = (scheme: string) =>
        app
          .get('/login/github')
          .query({ return_to: 'http://localhost/' })
          .set('Host', 'auth.example.com')
          .set('X-Forwarded-Proto', scheme);

      it('over HTTP', async () => {
        expect(pendingCookiesIn(await begin('http').expect(302))).toEqual([expect.stringMatching(overHttp)]);
      });

      it('over HTTPS', async () => {
        expect(pendingCookiesIn(await begin('https').expect(302))).toEqual([
          expect.stringMatching(overHttps),
        ]);
      });
    });

    describe('in production', () => {
      const app = useApp(kind, PRODUCTION);

      it('over HTTPS', async () => {
        const response = await app
          .get('/login/github')
          .query({ return_to: APP })
          .set('X-Forwarded-Proto', 'https')
          .expect(302);

        expect(pendingCookiesIn(response)).toEqual([expect.stringMatching(HOST_COOKIE)]);
      });
    });
  });
});
