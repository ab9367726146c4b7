import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import work from '../../src/core/passwords/hash-worker.js';
import { claimsIn } from '../support/claims.ts';
import { messagesDuring, refusalOf, resetFor } from '../support/codes.ts';
import { PAGE } from '../support/cookies.ts';
import { onEachDatabase } from '../support/databases.ts';
import { comparable } from '../support/guessing.ts';
import { roundsOf } from '../support/hashing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson } from '../support/people.ts';
import {
  auditOf,
  aVisitor,
  browserOf,
  CLAIMED,
  idTokenOf,
  insertAccount,
  LINKED,
  useSocial,
} from '../support/social-accounts.ts';
import { APP_PAGE, parametersOf } from '../support/social-browser.ts';
import type { GoogleUser } from '../support/social-peers/google.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

describe('Nothing but completeSignIn', () => {
  it('begins a session, other than the sign-up, whose account has nothing else to be asked for', () => {
    const callers = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
      (path) =>
        path.endsWith('.ts') &&
        /\bsessions\s*\.\s*start|\bstartWithin\b|\bsessions\s*\.\s*insert/.test(
          readFileSync(join(SRC, path), 'utf8'),
        ),
    );

    expect(callers.sort()).toEqual([
      'core/sessions/sessions.ts',
      'core/sign-in/complete-sign-in.ts',
      'features/accounts/accounts.ts',
    ]);
  });
});

/** What came of a sign-in: an error, or whose session it is. */
interface Outcome {
  readonly error?: string | undefined;
  readonly userId?: string | undefined;
}

onEachDatabase((kind) => {
  const social = useSocial(kind);

  /** Every way in which a provider signs people in. */
  const WAYS: Record<string, (visitor: GoogleUser) => Promise<Outcome>> = {
    async 'a code that the app exchanges'(visitor) {
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');
      const { error } = parametersOf(page);
      if (error !== undefined) return { error };
      const { body } = await browser.exchange(page);
      return body.code === undefined ? { userId: body.user.id } : { error: body.code };
    },
    async 'a code that the app exchanges for a cookie'(visitor) {
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google');
      const { error } = parametersOf(page);
      if (error !== undefined) return { error };
      await browser.send(browser.exchange(page, { transport: 'cookie' }).set('Origin', PAGE));
      return whoIs(browser);
    },
    async 'a cookie'(visitor) {
      const browser = browserOf(social, visitor);
      const page = await browser.signIn('google', { transport: 'cookie' });
      const { error } = parametersOf(page);
      if (error === undefined) expect(page.href).toBe(APP_PAGE);
      return error === undefined ? whoIs(browser) : { error };
    },
    async 'an ID token'(visitor) {
      const proof = await idTokenOf(social, visitor);
      const { body } = await social.app.post('/login/google/id-token').send(proof);
      return body.code === undefined ? { userId: body.user.id } : { error: body.code };
    },
    async 'an ID token for a cookie'(visitor) {
      const proof = { ...(await idTokenOf(social, visitor)), transport: 'cookie' };
      const browser = browserOf(social, visitor);
      const { body } = await browser.send(
        social.app.post('/login/google/id-token').set('Origin', PAGE).send(proof),
      );
      return body.code === undefined ? whoIs(browser) : { error: body.code };
    },
  };

  async function whoIs(browser: ReturnType<typeof browserOf>): Promise<Outcome> {
    const { body } = await browser.send(social.app.get('/me'));
    return { userId: body.user?.id };
  }

  describe.each(Object.entries(WAYS))('By %s', (_way, signIn) => {
    const told = async (visitor: GoogleUser) => {
      let outcome: Outcome = {};
      const messages = await messagesDuring(social.app, async () => {
        outcome = await signIn(visitor);
      });
      return { outcome, subjects: messages.map(({ subject }) => subject).sort() };
    };
    const liveSessions = (userId = '') =>
      social.app.store.sessions.listLive(userId, new Date(social.clock.now()));

    it('a person signs up and in again, each time with a session of the provider and an entry in the audit log', async () => {
      const visitor = aVisitor();

      const { userId } = await signIn(visitor);
      expect(await signIn(visitor)).toEqual({ userId });

      expect(await auditOf(social, userId ?? '')).toEqual([
        'identity.linked',
        'login.succeeded',
        'login.succeeded',
        'user.signed_up',
      ]);
      const sessions = await liveSessions(userId);
      expect(sessions).toHaveLength(2);
      for (const session of sessions) {
        expect(session).toMatchObject({ method: 'social', authentication: { methods: ['fed'] } });
      }
      const filter = { subjectId: userId ?? '', type: 'login.succeeded' } as const;
      const details = { method: 'social', provider: 'google' };
      expect(await social.app.store.audit.list(filter, 3, undefined)).toMatchObject([
        { details },
        { details },
      ]);
    });

    it('a person comes to the account that has their address, whether that was proved here or not', async () => {
      for (const isVerified of [true, false]) {
        const { email } = aPerson();
        const id = await insertAccount(social, { email, isVerified });

        const { outcome, subjects } = await told(aVisitor({ email }));

        expect(outcome).toEqual({ userId: id });
        expect(subjects).toEqual(isVerified ? [LINKED] : [LINKED, CLAIMED]);
      }
    });

    it('an unverified address opens no account, nor does a verified one open a disabled account, and no session begins', async () => {
      for (const [details, isDisabled, error] of [
        [{ emailVerified: false }, false, 'account_exists'],
        [{}, true, 'account_disabled'],
      ] as const) {
        const { email } = aPerson();
        const id = await insertAccount(social, { email, isVerified: true });
        if (isDisabled) await social.app.store.users.disable(id, new Date(social.clock.now()));

        const { outcome, subjects } = await told(aVisitor({ email, ...details }));

        expect(outcome).toEqual({ error });
        expect(subjects).toEqual([]);
        expect(await social.app.models.sessions.count({ where: { userId: id } })).toBe(0);
      }
    });
  });

  describe('An account without a password', () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    async function anAccount() {
      const visitor = aVisitor();
      const { user } = await browserOf(social, visitor).enter('google');
      return { id: user.id, email: visitor.email ?? '', visitor };
    }

    it('refuses every password at POST /login as an address without an account does, and after the same work', async () => {
      const { email } = await anAccount();
      const compare = jest.spyOn(social.app.hashWorkers, 'compare');
      const seen = [];
      for (const at of [aPerson().email, email]) {
        for (const password of [`${CANARY} guess`, `${CANARY} guess again`]) {
          compare.mockClear();
          const answer = await social.app.post('/login').send({ email: at, password }).expect(401);
          const tasks = compare.mock.calls.map(([, task]) => task);
          seen.push({ answer: comparable(answer), rounds: await roundsOf(() => tasks.map(work)) });
        }
      }

      expect(seen.slice(2)).toEqual(seen.slice(0, 2));
    });

    it('gets one by a reset, and then signs in with it, and by the provider as before', async () => {
      const { id, email, visitor } = await anAccount();
      const { password } = aPerson();

      const { token } = await resetFor(social.app, email);
      await social.app.post('/password/reset').send({ token, new_password: password }).expect(204);

      const { body } = await social.app.post('/login').send({ email, password }).expect(200);
      expect(body.user.id).toBe(id);
      expect(claimsIn(body.access_token).amr).toEqual(['pwd']);
      expect((await browserOf(social, visitor).enter('google')).user.id).toBe(id);
    });

    it('has no password to change', async () => {
      const { access_token: token } = await browserOf(social, aVisitor()).enter('google');

      const refused = await social.app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: `${CANARY} guess`, new_password: aPerson().password });

      expect(refusalOf(refused)).toBe('403 wrong_password');
    });
  });
});
