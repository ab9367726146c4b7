import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';
import {
  aVisitor,
  browserOf,
  idTokenOf,
  insertAccount,
  unlink,
  useSocial,
} from '../support/social-accounts.ts';
import { locationOf } from '../support/social-browser.ts';
import type { GoogleUser } from '../support/social-peers/google.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('The statements that a sign-in by a provider sends to the database, those of its transaction included, are at most', () => {
    const social = useSocial(kind);
    // On SQLite a transaction begins with a statement, which is no round trip there.
    const begin = kind === 'SQLite' ? 1 : 0;

    async function expectAtMost(limit: number, work: () => Promise<unknown>): Promise<void> {
      const statements = await statementsDuring(social.app, work);
      expect(statements.length > limit ? statements : []).toEqual([]);
    }

    /** Comes back from the provider with so many statements. Resolves to the page of the app, and the browser. */
    async function comeBack(limit: number, visitor: GoogleUser, query: Record<string, string> = {}) {
      const browser = browserOf(social, visitor);
      const callback = await browser.visit(locationOf(await browser.begin('google', query)));
      let page: URL | undefined;
      await expectAtMost(limit + begin, async () => {
        page = locationOf(await browser.comeBack(callback));
      });
      expect(page?.searchParams.get('error')).toBeNull();
      return { page: page as URL, browser };
    }

    it('none for the way to the provider', async () => {
      await expectAtMost(0, () => browserOf(social, aVisitor()).begin('google'));
    });

    it('seven for a person who comes back, and seven for the exchange of the code', async () => {
      const visitor = aVisitor();
      await browserOf(social, visitor).enter('google');

      const { page, browser } = await comeBack(7, visitor);

      await expectAtMost(7 + begin, () => browser.exchange(page).expect(200));
    });

    it('ten with a cookie, and nine with an ID token', async () => {
      const visitor = aVisitor();
      await browserOf(social, visitor).enter('google');
      const proof = await idTokenOf(social, visitor);

      await comeBack(10, visitor, { transport: 'cookie' });

      await expectAtMost(9 + begin, () => social.app.post('/login/google/id-token').send(proof).expect(200));
    });

    it('ten for a person who signs up', async () => {
      await comeBack(10, aVisitor());
    });

    it('eleven for an account that has verified the address, and twenty-four for one that has not', async () => {
      for (const [isVerified, limit] of [
        [true, 11],
        [false, 24],
      ] as const) {
        const { email } = aPerson();
        await insertAccount(social, { email, isVerified });
        await comeBack(limit, aVisitor({ email }));
      }
    });

    it('six for an address that cannot sign in', async () => {
      const { email } = await signUp(social.app);
      const visitor = aVisitor({ email, emailVerified: false });
      const browser = browserOf(social, visitor);
      const callback = await browser.visit(locationOf(await browser.begin('google')));

      // The identity is looked for again, and the transaction ends.
      await expectAtMost(6 + begin, () => browser.comeBack(callback));
    });

    it('fourteen to link an identity, and eleven to remove it', async () => {
      const { token } = await signUp(social.app);
      const proof = await idTokenOf(social, aVisitor());
      let id = '';

      await expectAtMost(14 + begin, async () => {
        const { body } = await social.app
          .post('/me/identities/google')
          .auth(token, as)
          .send(proof)
          .expect(201);
        id = body.identity.id;
      });

      await expectAtMost(11 + begin, () => unlink(social, token, id).expect(204));
    });
  });
});
