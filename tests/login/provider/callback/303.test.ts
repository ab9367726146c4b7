import { describe, expect, it } from '@jest/globals';
import { startApp } from '../../../support/app.ts';
import { PAGE, sessionCookieIn, setCookiesIn } from '../../../support/cookies.ts';
import { onOneDatabase } from '../../../support/databases.ts';
import { aGoogleUser, useGoogleApp } from '../../../support/google-app.ts';
import { pendingCookieIn, pendingCookiesIn, requestIn } from '../../../support/pending.ts';
import {
  APP_PAGE,
  callbackOf,
  googleEnv,
  locationOf,
  openBrowser,
  parametersOf,
} from '../../../support/social-browser.ts';
import { expectCannotGoOn } from '../../../support/social-outcomes.ts';

const SECRETS = ['the-first-secret-of-this-service-x', 'the-second-secret-of-this-service-'];

onOneDatabase((kind) => {
  describe('Coming back from a provider', () => {
    const app = useGoogleApp(kind, { CORS_ORIGINS: PAGE, APP_SECRET: SECRETS[0] ?? '' });

    /** A browser at the end of its way at the provider, with what it comes back with. */
    async function atTheEnd(query: Record<string, string> = {}) {
      app.google.signIn(aGoogleUser());
      const browser = openBrowser(app);
      const begun = await browser.begin('google', query);
      const cookie = pendingCookieIn(begun);
      const { url } = await browser.visit(locationOf(begun));
      return { browser, cookie, state: requestIn(begun).state ?? '', url };
    }

    it('leads to the app with a code alone, and has the browser forget what it began', async () => {
      const { browser, cookie, url } = await atTheEnd();

      const response = await browser.comeBack({ url });

      expect(response.status).toBe(303);
      expect(parametersOf(locationOf(response))).toEqual({ code: expect.stringMatching(/^[\w-]{43}$/) });
      expect(setCookiesIn(response)).toEqual([
        `${cookie.split('=')[0]}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
      ]);
      expect(response.headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      });
      expect(response.text).toBe('');
    });

    it('leads to the app with a cookie alone where that was asked for, though another site leads here', async () => {
      const { browser, url } = await atTheEnd({ transport: 'cookie' });

      const response = await browser.send(
        app
          .get(url.pathname + url.search)
          .set({ 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site' }),
      );

      expect(locationOf(response).href).toBe(APP_PAGE);
      expect(sessionCookieIn(response)).toMatch(/^latchkey=s/);
      await browser.send(app.get('/me').set('Origin', PAGE)).then(({ status }) => expect(status).toBe(200));
    });

    it('keeps the parameters of the page that it leads to, and replaces its own', async () => {
      const page = 'http://localhost:5173/x?code=planted&error=planted&from=menu';
      const { browser, url } = await atTheEnd({ return_to: page });

      const { code, ...others } = parametersOf(locationOf(await browser.comeBack({ url })));

      expect(code).toMatch(/^[\w-]{43}$/);
      expect(others).toEqual({ error: 'planted', from: 'menu' });
    });

    it('goes on with several tabs in any order, each with what it asked for', async () => {
      const browser = openBrowser(app);
      app.google.signIn(aGoogleUser());
      const tabs: { page: string; url: URL }[] = [];
      for (const tab of ['1', '2', '3', '4']) {
        const page = `http://localhost:5173/tab-${tab}`;
        const begun = await browser.begin('google', { return_to: page });
        tabs.push({ page, ...(await browser.visit(locationOf(begun))) });
      }

      for (const { page, url } of [...tabs.slice(2), ...tabs.slice(0, 2)]) {
        const { origin, pathname, searchParams } = locationOf(await browser.comeBack({ url }));
        expect(origin + pathname).toBe(page);
        expect(searchParams.has('code')).toBe(true);
      }
      expect(browser.jar.size).toBe(0);
    });

    it('still goes on after ten minutes less a second', async () => {
      const { browser, url } = await atTheEnd();
      app.clock.advanceSeconds(599);

      const { searchParams } = locationOf(await browser.comeBack({ url }));

      expect(searchParams.get('error')).toBeNull();
      expect(searchParams.get('code')).not.toBeNull();
    });

    it('still goes on once APP_SECRET has been rotated', async () => {
      const { cookie, url } = await atTheEnd();
      const env = { ...googleEnv(app.google), RETURN_URLS: new URL(APP_PAGE).origin };
      const [former = '', current = ''] = SECRETS;
      const start = (secrets: Record<string, string>) =>
        startApp(kind, { ...env, ...secrets }, undefined, { clock: app.clock });
      const rotated = await start({ APP_SECRET: current, APP_PREVIOUS_SECRETS: former });
      const changed = await start({ APP_SECRET: current });

      const refused = await changed.get(url.pathname + url.search).set('Cookie', cookie);
      const response = await rotated.get(url.pathname + url.search).set('Cookie', cookie);

      expect(refused.status).toBe(400);
      expect(locationOf(response).searchParams.has('code')).toBe(true);
      await rotated.stop();
      await changed.stop();
    });

    it('takes the parameters that it does not know, and passes none of them on', async () => {
      const { browser, url } = await atTheEnd();
      url.searchParams.set('session_state', 'x');
      url.searchParams.set('utm_source', 'y');

      expect(Object.keys(parametersOf(locationOf(await browser.comeBack({ url }))))).toEqual(['code']);
    });

    it('says in words of this service that the person declined, and none of the provider', async () => {
      const { browser, url } = await atTheEnd();
      const { state = '', iss = '' } = parametersOf(url);
      const response = { state, iss, error: 'access_denied', error_description: 'Call +1 555 0100 to go on' };
      const denied = new URL(`${callbackOf('google')}?${new URLSearchParams(response)}`);

      expect(parametersOf(locationOf(await browser.comeBack({ url: denied })))).toEqual({
        error: 'access_denied',
        error_description: 'The sign-in was declined at the provider',
      });
    });

    it('leads nowhere a second time, where the browser has kept the cookie and sends the response again', async () => {
      const { browser, cookie, url } = await atTheEnd();
      await browser.comeBack({ url });

      const again = await app.get(url.pathname + url.search).set('Cookie', cookie);

      expectCannotGoOn(again);
    });
  });

  describe('Coming back from a provider by a form', () => {
    const app = useGoogleApp(kind);
    const fromElsewhere = {
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Site': 'cross-site',
      Origin: 'https://appleid.apple.com',
    };

    it('leads to the same by GET, with what counts and nothing else, and to no other host', async () => {
      const counting = {
        state: 'a state & more',
        code: 'c/0+d=e',
        iss: 'https://id.example.com',
        error: 'access_denied',
        error_description: 'Grüße',
        user: '{"name":{"firstName":"Ada"}}',
      };

      const response = await app
        .post('/login/google/callback')
        .set({ ...fromElsewhere, Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' })
        .type('form')
        .send({
          ...counting,
          id_token: 'an.id.token',
          access_token: 'x',
          return_to: 'https://evil.example/',
        });

      const { origin, pathname } = locationOf(response);
      expect(response.status).toBe(303);
      expect(origin + pathname).toBe(callbackOf('google'));
      expect(parametersOf(locationOf(response))).toEqual(counting);
      expect(response.text).toBe('');
      expect(setCookiesIn(response)).toEqual([]);
    });

    it('leaves the cookie alone for that, also where it comes along', async () => {
      const begun = await app.get('/login/google').query({ return_to: APP_PAGE });
      const response = await app
        .post('/login/google/callback')
        .set('Cookie', pendingCookieIn(begun))
        .type('form')
        .send({ state: requestIn(begun).state, code: 'x' });

      expect(response.status).toBe(303);
      expect(pendingCookiesIn(response)).toEqual([]);
    });

    it('is no request of a page that may not call this service, of which the log would warn', async () => {
      await app.post('/login/google/callback').set(fromElsewhere).type('form').send({ code: 'x' });

      expect(app.logs.lines.join('\n')).not.toContain('appleid.apple.com');
    });

    it('leads to the page that says what is wrong where nothing came along', async () => {
      const response = await app.post('/login/google/callback');

      expect([response.status, response.headers.location]).toEqual([303, `${callbackOf('google')}?`]);
      await app.get('/login/google/callback?').expect(400);
    });
  });
});
