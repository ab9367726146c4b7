import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../../support/app.ts';
import { setCookiesIn } from '../../../support/cookies.ts';
import { onOneDatabase } from '../../../support/databases.ts';
import { expectPage, pendingCookieIn, pendingCookiesIn, requestIn } from '../../../support/pending.ts';
import { APP_PAGE } from '../../../support/social-browser.ts';

const CANNOT_GO_ON = 'This sign-in cannot go on here';
const FACEBOOK = { FACEBOOK_CLIENT_ID: 'latchkey', FACEBOOK_CLIENT_SECRET: 'a secret' };
/** Nothing may be asked of it: what is refused here is refused before that. */
const GITHUB = {
  GITHUB_CLIENT_ID: 'latchkey',
  GITHUB_CLIENT_SECRET: 'a secret',
  GITHUB_URL: 'http://127.0.0.1:9',
};

onOneDatabase((kind) => {
  const app = useApp(kind, { ...FACEBOOK, ...GITHUB, RETURN_URLS: new URL(APP_PAGE).origin });

  async function begin(provider = 'github') {
    const response = await app.get(`/login/${provider}`).query({ return_to: APP_PAGE }).expect(302);
    const [name = '', value = ''] = pendingCookieIn(response).split('=');
    return { name, value, state: requestIn(response).state ?? '' };
  }

  const comeBack = (query: Record<string, string | string[]>, cookie = '', provider = 'github') =>
    app.get(`/login/${provider}/callback`).query(query).set('Cookie', cookie);

  describe('Coming back from a provider', () => {
    it('answers 400 without the cookie of a sign-in that this browser began', async () => {
      const { state } = await begin();

      for (const cookie of ['', 'latchkey-pending-=x', `latchkey=${state}`]) {
        const response = await comeBack({ state, code: 'x' }, cookie);

        expectPage(response, 400, CANNOT_GO_ON);
        expect(setCookiesIn(response)).toEqual([]);
      }
    });

    it('answers 400 without a state, or with an empty one', async () => {
      const { name, value } = await begin();

      for (const query of [{}, { code: 'x' }, { state: '', code: 'x' }, { error: 'access_denied' }]) {
        expectPage(await comeBack(query, `${name}=${value}`), 400, CANNOT_GO_ON);
      }
    });

    it('answers 400 to the response of another provider, and forgets the sign-in', async () => {
      const { name, value, state } = await begin('facebook');

      const response = await comeBack({ state, code: 'x' }, `${name}=${value}`);

      expectPage(response, 400, CANNOT_GO_ON);
      expect(pendingCookiesIn(response)).toEqual([expect.stringMatching(`^${name}=; Max-Age=0`)]);
    });

    it('answers 400 with the cookie of another sign-in, under whatever name', async () => {
      const [one, other] = [await begin(), await begin()];

      expectPage(await comeBack({ state: one.state }, `${other.name}=${other.value}`), 400, CANNOT_GO_ON);
      expectPage(await comeBack({ state: one.state }, `${one.name}=${other.value}`), 400, CANNOT_GO_ON);
    });

    it('answers 400 with a state of which only the name of the cookie is right', async () => {
      const { name, value, state } = await begin();

      for (const other of [
        state.slice(0, 16),
        `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`,
        `${state}x`,
        `${state} `,
        ` ${state}`,
        state.toLowerCase() === state ? state.toUpperCase() : state.toLowerCase(),
      ]) {
        expectPage(await comeBack({ state: other, code: 'x' }, `${name}=${value}`), 400, CANNOT_GO_ON);
      }
    });

    it('answers 400 ten minutes after it began', async () => {
      const { name, value, state } = await begin();
      app.clock.advanceSeconds(600);

      expectPage(await comeBack({ state, code: 'x' }, `${name}=${value}`), 400, CANNOT_GO_ON);
    });

    it('answers 400 with a cookie of which a byte was changed, wherever it is', async () => {
      const { name, value, state } = await begin();
      const sealed = Buffer.from(value, 'base64url');
      const IV = 0;
      const TAG = 12;
      const CONTENT = 28;

      for (const at of [IV, TAG - 1, TAG, CONTENT - 1, CONTENT, sealed.length >> 1, sealed.length - 1]) {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const cookie = `${name}=${changed.toString('base64url')}`;
        expectPage(await comeBack({ state, code: 'x' }, cookie), 400, CANNOT_GO_ON);
      }
    });

    it('answers 400 with a cookie that was cut, lengthened or made up', async () => {
      const { name, value, state } = await begin();
      const sealed = Buffer.from(value, 'base64url');
      const longer = Buffer.concat([sealed, Buffer.from('x')]).toString('base64url');

      for (const other of [
        value.slice(0, -4),
        value.slice(4),
        longer,
        '',
        'x',
        '%zz',
        '{}',
        'e30',
        value + value,
      ]) {
        expectPage(await comeBack({ state, code: 'x' }, `${name}=${other}`), 400, CANNOT_GO_ON);
      }
    });

    it.each([
      ['two states', 'state'],
      ['two codes', 'code'],
      ['two issuers', 'iss'],
      ['two errors', 'error'],
    ])('answers 400 with %s, of which one could be of somebody else', async (_what, twice) => {
      const { name, value, state } = await begin();
      const query = { state: [state], code: ['x'], [twice]: twice === 'state' ? [state, state] : ['x', 'y'] };

      const response = await comeBack(query, `${name}=${value}`);

      expectPage(response, 400, 'The link to this page is wrong');
      expect(setCookiesIn(response)).toEqual([]);
    });

    it.each(['state', 'code', 'iss', 'error', 'error_description', 'user'])(
      'answers 400 with a %s that is longer than any',
      async (parameter) => {
        const { name, value, state } = await begin();

        const response = await comeBack({ state, [parameter]: 'x'.repeat(4_097) }, `${name}=${value}`);

        expectPage(response, 400, 'The link to this page is wrong');
      },
    );

    it('shows nothing of what came along on its pages', async () => {
      const planted = '<b>Call +1 555 0100</b>';
      const { text } = await comeBack({ state: planted, error: planted, error_description: planted });

      expect(text).not.toContain('Call');
    });

    it('writes nothing of what came along into the log', async () => {
      const { name, value, state } = await begin();
      await comeBack({ state: `${state}x`, code: 'a-code-of-the-provider' }, `${name}=${value}`);

      const lines = app.logs.lines.join('\n');
      for (const secret of [state, value, 'a-code-of-the-provider']) expect(lines).not.toContain(secret);
    });
  });

  describe('Coming back from a provider by a form', () => {
    it('answers with a page where it is no form, or one that is too large', async () => {
      const path = '/login/github/callback';

      expectPage(await app.post(path).send({ state: 'x' }), 415, 'That did not work');
      const large = await app
        .post(path)
        .type('form')
        .send({ state: 'x', id_token: 'x'.repeat(8_192) });
      expectPage(large, 413, 'That did not work');
      const long = await app
        .post(path)
        .type('form')
        .send({ state: 'x'.repeat(4_097) });
      expectPage(long, 400, 'The link to this page is wrong');
    });
  });
});
