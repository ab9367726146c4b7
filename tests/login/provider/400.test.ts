import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { useApp } from '../../support/app.ts';
import { setCookiesIn } from '../../support/cookies.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { expectPage } from '../../support/pending.ts';
import {
  LISTED_RETURN_URLS,
  PAGE,
  REFUSED_OUTSIDE_PRODUCTION,
  REFUSED_RETURN_URLS,
} from '../../support/return-urls.ts';

const GITHUB = { GITHUB_CLIENT_ID: 'latchkey', GITHUB_CLIENT_SECRET: 'a secret' };
const PRODUCTION = {
  ...GITHUB,
  NODE_ENV: 'production',
  RETURN_URLS: LISTED_RETURN_URLS,
  JWT_SECRET: '7ryB0eJHZKHTjpeHSh9aNnnXH8Jbd6LrsHyGzBFxPgg',
  BCRYPT_COST: '10',
  TRUST_PROXY: '1',
};
const WRONG_LINK = 'The link to this page is wrong';
const PLACES = [PAGE, 'https://spa.example.com/', 'https://evil.example/'];

/** A page that leads nowhere, and leaves nothing in the browser. */
function expectRefused(response: Response, title = WRONG_LINK): void {
  expectPage(response, 400, title);
  expect(setCookiesIn(response)).toEqual([]);
}

onOneDatabase((kind) => {
  describe('GET /login/{provider} in production', () => {
    const app = useApp(kind, PRODUCTION);
    const begin = (query: Record<string, string | string[]>) =>
      app.get('/login/github').query(query).set('X-Forwarded-Proto', 'https');

    it.each(REFUSED_RETURN_URLS)('answers 400 where it is to lead back to %j', async (url) => {
      const response = await begin({ return_to: url });

      expectRefused(response);
      expect(response.text).toContain('For its developers: return_to: ');
    });

    it.each(PLACES.map((url) => encodeURIComponent(url)))(
      'answers 400 where it is to lead back to what is a page once it is decoded again: %s',
      async (encoded) => {
        expectRefused(await begin({ return_to: encoded }));
        expectRefused(await begin({ return_to: encodeURIComponent(encoded) }));
      },
    );

    it.each([
      ['without a page to lead back to', {}],
      ['with two of them', { return_to: [PAGE, PAGE] }],
      ['with a list of one, as some parsers read it', { 'return_to[]': PAGE }],
      ['with one that is too long', { return_to: `${PAGE}${'x'.repeat(2_000)}` }],
      ['with an unknown transport', { return_to: PAGE, transport: 'fragment' }],
      ['with two transports', { return_to: PAGE, transport: ['token', 'cookie'] }],
      [
        'where no page of the provider is to be shown, which needs a frame',
        { return_to: PAGE, prompt: 'none' },
      ],
      ['with two prompts', { return_to: PAGE, prompt: 'login consent' }],
      ['with a challenge that is no UUID', { return_to: PAGE, challenge_id: 'x' }],
      ['with a hint that is too long', { return_to: PAGE, login_hint: 'x'.repeat(255) }],
    ] as [string, Record<string, string | string[]>][])('answers 400 %s', async (_what, query) => {
      expectRefused(await begin(query));
    });

    it('answers 400 with a page over HTTP, where the browser would drop the cookie', async () => {
      for (const transport of ['token', 'cookie']) {
        const response = await app.get('/login/github').query({ return_to: PAGE, transport });

        expectRefused(response, 'Your browser cannot sign in here');
        expect(response.text).toContain('TRUST_PROXY');
      }
    });

    it('answers 400 to what is no URL at all, and to text that is no UTF-8', async () => {
      for (const query of [
        'return_to=%zz',
        'return_to=%ff%fe',
        'return_to=%C0%AFevil',
        'return_to=%ED%A0%80',
      ]) {
        const request = get(`${app.url}/login/github?${query}`, {
          headers: { 'X-Forwarded-Proto': 'https' },
        });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const page = await text(response);

        expect({ query, status: response.statusCode, type: response.headers['content-type'] }).toEqual({
          query,
          status: 400,
          type: 'text/html; charset=utf-8',
        });
        expect(page).toContain('<h1>');
        expect(response.headers['set-cookie']).toBeUndefined();
      }
    });

    it('says what is wrong without a word of markup that came along', async () => {
      const response = await begin({ return_to: PAGE, prompt: '<img src=x onerror=alert(1)>' });

      expectRefused(response);
      expect(response.text).not.toContain('<img');
    });
  });

  describe('GET /login/{provider} outside production', () => {
    const app = useApp(kind, { ...GITHUB, RETURN_URLS: LISTED_RETURN_URLS });

    it.each(REFUSED_OUTSIDE_PRODUCTION)('answers 400 where it is to lead back to %s', async (url) => {
      expectRefused(await app.get('/login/github').query({ return_to: url }));
    });
  });

  describe('GET /login/{provider} that a script calls', () => {
    const fetchedFrom = (site: string) => ({ 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': site });

    describe.each(['lax', 'strict', 'none'])('where cookies are %s', (sameSite) => {
      const app = useApp(kind, { ...GITHUB, COOKIE_SAMESITE: sameSite, TRUST_PROXY: '1' });
      const begin = (headers: Record<string, string>) =>
        app
          .get('/login/github')
          .query({ return_to: 'http://localhost/' })
          .set({ 'X-Forwarded-Proto': 'https', ...headers });

      it('answers 400 on another site, since the browser would drop the cookie', async () => {
        const response = await begin(fetchedFrom('cross-site'));

        expectRefused(response, 'Your browser cannot sign in here');
        expect(response.text).toContain('another site');
        expect(response.text).not.toContain('COOKIE_SAMESITE');
      });

      it('answers 302 on the same site, and wherever a person follows a link to it', async () => {
        await begin(fetchedFrom('same-site')).expect(302);
        await begin({ 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site' }).expect(302);
      });
    });
  });
});
