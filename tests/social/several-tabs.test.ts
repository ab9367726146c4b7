import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { setCookiesIn } from '../support/cookies.ts';
import { aVisitor, browserOf, useSocial } from '../support/social-accounts.ts';
import { APP_PAGE, type Browser, locationOf, parametersOf } from '../support/social-browser.ts';

/** What nginx takes of one header. */
const PROXY_BYTES = 8_192;

describe('A browser that begins to sign in several times', () => {
  const social = useSocial('SQLite');

  const tabs = async (browser: Browser, count: number, query: Record<string, string> = {}) => {
    const begun: Response[] = [];
    for (let tab = 0; tab < count; tab++) begun.push(await browser.begin('google', query));
    return begun;
  };

  const comeBack = async (browser: Browser, begun: Response) =>
    browser.comeBack(await browser.visit(locationOf(begun)));

  it('comes back to four of them', async () => {
    const browser = browserOf(social, aVisitor());
    const begun = await tabs(browser, 4);

    for (const tab of begun) {
      expect(parametersOf(locationOf(await comeBack(browser, tab)))).toEqual({ code: expect.any(String) });
    }
    expect(browser.jar.size).toBe(0);
  });

  it('forgets the oldest with the fifth', async () => {
    const browser = browserOf(social, aVisitor());
    const [first, ...others] = await tabs(browser, 5);

    expect(browser.jar.size).toBe(4);
    expect((await comeBack(browser, first as Response)).status).toBe(400);
    for (const tab of others) {
      expect(parametersOf(locationOf(await comeBack(browser, tab)))).toEqual({ code: expect.any(String) });
    }
  });

  it('sends no more cookies than a proxy takes, however long the pages are that it is to come back to', async () => {
    const browser = browserOf(social, aVisitor());
    const return_to = `${APP_PAGE}?${'a'.repeat(1_999 - APP_PAGE.length)}`;
    const begun = await tabs(browser, 4, { return_to });

    const sent = [...browser.jar].map((pair) => pair.join('=')).join('; ');
    expect(sent.length).toBeLessThan(PROXY_BYTES - 1_000);
    const page = locationOf(await comeBack(browser, begun[3] as Response));
    expect(page.searchParams.get('code')).toEqual(expect.any(String));
  });

  it.each(['\u00e9', 'a b', ''])(
    'begins although it has cookies whose names end in %j, which are not of this service',
    async (end) => {
      const names = [1, 2, 3, 4, 5].map((number) => `latchkey-pending-${end && `${number}${end}`}`);
      const cookie = names.map((name) => `${name}=1`).join('; ');
      const begun = await social.app
        .get('/login/google')
        .query({ return_to: APP_PAGE })
        .set('Cookie', cookie)
        .expect(302);

      expect(setCookiesIn(begun)).toHaveLength(1);
    },
  );
});
