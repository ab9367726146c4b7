import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import { aPhone, markVerified } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { aPerson, signUp } from '../support/people.ts';
import {
  aVisitor,
  browserOf,
  idTokenOf,
  insertAccount,
  insertIdentity,
  keyOf,
  type Provider,
  providersEnv,
  type Social,
  startProviders,
  unlink,
} from '../support/social-accounts.ts';
import { APP_PAGE, type Browser, type Callback, locationOf } from '../support/social-browser.ts';
import type { GooglePeer, GoogleUser } from '../support/social-peers/google.ts';
import { startTwoApps } from '../support/two-apps.ts';
import { useTwoProcesses } from '../support/two-processes.ts';
import { outcomesOf } from '../support/winners.ts';

const as = { type: 'bearer' } as const;
const PARALLEL = 16;
const ROUNDS = times(1, 20);

/** A browser that a provider is about to lead back. */
interface Arriving {
  readonly browser: Browser;
  readonly callback: Callback;
}

onEachDatabase((kind) => {
  describe('In two processes on one database', () => {
    const apps = {} as { first: TestApp; second: TestApp };
    const social = {} as { -readonly [Name in keyof Social]: Social[Name] };
    const appAt = (index: number): TestApp => (index % 2 ? apps.first : apps.second);

    beforeAll(async () => {
      social.peer = await startProviders({ now: () => social.clock?.now() ?? Date.now() });
      const env = { ...providersEnv(social.peer), RETURN_URLS: new URL(APP_PAGE).origin };
      [apps.first, apps.second] = await startTwoApps(kind, env);
      Object.assign(social, { app: apps.first, clock: apps.first.clock });
    });
    afterEach(() => {
      for (const app of [apps.first, apps.second]) expect(app.contractViolations.splice(0)).toEqual([]);
    });
    afterAll(async () => {
      await apps.second.stop();
      await apps.first.stop();
      await social.peer.stop();
    });

    async function arriving(visitor: GoogleUser, provider: Provider = 'google'): Promise<Arriving> {
      const browser = browserOf(social, visitor);
      const begun = await browser.begin(provider);
      return { browser, callback: await browser.visit(locationOf(begun)) };
    }

    /** Several browsers of one person, at one provider or at several in turns. */
    async function severalArriving(
      visitor: GoogleUser,
      count: number,
      providers: readonly Provider[] = ['google'],
    ): Promise<Arriving[]> {
      const all = [];
      for (let index = 0; index < count; index++) {
        all.push(await arriving(visitor, providers[index % providers.length]));
      }
      return all;
    }

    /** All of them come back at once, to both processes: where they are led. */
    function comeBack(all: readonly Arriving[]): Promise<URL[]> {
      return Promise.all(
        all.map(async ({ browser, callback }, index) =>
          locationOf(await browser.comeBack(callback, appAt(index))),
        ),
      );
    }

    /** The users whose sessions the codes in these pages begin, each once. */
    async function usersIn(pages: readonly URL[]): Promise<string[]> {
      const answers = await Promise.all(pages.map((page, index) => exchange(page, index)));
      return [...new Set(answers.map(({ status, body }) => (status === 200 ? body.user.id : body.code)))];
    }

    const exchange = (page: URL, index = 0) =>
      appAt(index)
        .post('/login/exchange')
        .send({ code: page.searchParams.get('code') ?? '' });

    const accountsOf = ({ email = '' }: GoogleUser) =>
      apps.first.models.users.count({ where: { emailCanonical: email } });

    it.each([
      ['verified', { emailVerified: true }],
      ['not verified', { emailVerified: false }],
    ])(
      `${PARALLEL} first sign-ins of one identity whose address is %s make one account, and all get a session`,
      async (_what, details) => {
        for (let round = 0; round < ROUNDS; round++) {
          const visitor = aVisitor(details);

          const pages = await comeBack(await severalArriving(visitor, PARALLEL));

          expect(pages.map((page) => [...page.searchParams.keys()])).toEqual(pages.map(() => ['code']));
          const identity = await apps.first.store.identities.findByKey(keyOf(social, visitor));
          expect(await usersIn(pages)).toEqual([identity?.userId]);
          expect(await accountsOf(visitor)).toBe(1);
        }
      },
    );

    it(`${PARALLEL} first sign-ins of one identity by ID tokens make one account, and all get a session`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = aVisitor();
        const proofs = await Promise.all(Array.from({ length: PARALLEL }, () => idTokenOf(social, visitor)));

        const outcomes = await outcomesOf(PARALLEL, (index) =>
          appAt(index).post('/login/google/id-token').send(proofs[index]),
        );

        expect(outcomes).toEqual({ '200': PARALLEL });
        const identity = await apps.first.store.identities.findByKey(keyOf(social, visitor));
        expect(identity).not.toBeNull();
        expect(await accountsOf(visitor)).toBe(1);
        const at = new Date(social.clock.now());
        const live = await apps.first.store.sessions.listLive(identity?.userId ?? '', at);
        expect(live).toHaveLength(PARALLEL);
      }
    });

    it.each([
      'no account',
      'an account whose address is verified',
      'an account whose address is not verified',
    ])(
      'first sign-ins of three identities with one verified address, beside %s, end in one account, and all get a session',
      async (state) => {
        for (let round = 0; round < ROUNDS; round++) {
          const visitor = aVisitor();
          const { email = '' } = visitor;
          if (state !== 'no account')
            await insertAccount(social, { email, isVerified: !state.includes('not') });

          const all = await severalArriving(visitor, times(6, 12), ['google', 'acme', 'globex']);
          const pages = await comeBack(all);

          expect(pages.map((page) => [...page.searchParams.keys()])).toEqual(pages.map(() => ['code']));
          const identities = await apps.first.models.identities.findAll({ where: { subject: visitor.sub } });
          expect(identities.map((row) => row.get().provider).sort()).toEqual(['acme', 'globex', 'google']);
          const owners = new Set(identities.map((row) => row.get().userId));
          expect(await usersIn(pages)).toEqual([...owners]);
          expect(await accountsOf(visitor)).toBe(1);
        }
      },
    );

    it('a first sign-in and a sign-up with its address make one account, that of who has proved the address', async () => {
      for (let round = 0; round < times(3, 30); round++) {
        const visitor = aVisitor();
        const { browser, callback } = await arriving(visitor);
        const person = aPerson({ email: visitor.email ?? '' });

        const [back, signedUp] = await Promise.all([
          browser.comeBack(callback, apps.first),
          apps.second.post('/signup').send(person),
        ]);

        expect([201, 409]).toContain(signedUp.status);
        expect(await accountsOf(visitor)).toBe(1);
        const { body } = await exchange(locationOf(back)).expect(200);
        expect(body.user).toMatchObject({ email: visitor.email, email_verified: true });
        const { email, password } = person;
        await apps.first.post('/login').send({ email, password }).expect(401);
        if (signedUp.status === 201) {
          for (const app of [apps.first, apps.second]) await app.follower.catchUp();
          await apps.first.get('/me').auth(signedUp.body.access_token, as).expect(401);
        }
      }
    });

    /** An account with an identity whose address is another one. */
    async function anAccountWith(visitor: GoogleUser) {
      const person = await signUp(apps.first);
      await markVerified(apps.first, person.email);
      return { ...person, identityId: await insertIdentity(social, person.id, visitor) };
    }

    it('a code of a sign-in whose identity was removed meanwhile signs in to the account that has it, if any', async () => {
      for (let round = 0; round < times(4, 30); round++) {
        const visitor = aVisitor();
        const { id, token, identityId } = await anAccountWith(visitor);
        const all = await severalArriving(visitor, 4);

        const [pages, removed] = await Promise.all([
          comeBack(all),
          unlink({ app: apps.second }, token, identityId),
        ]);

        expect(removed.status).toBe(204);
        const owner = await apps.first.store.identities.findByKey(keyOf(social, visitor));
        expect(owner?.userId).not.toBe(id);
        for (const page of pages) {
          const { status, body } = await exchange(page);
          if (status === 200) expect(body.user.id).toBe(owner?.userId);
          else expect(body.code).toBe('code_replaced');
        }
      }
    });

    it.each([
      ['locked down', (token: string) => apps.second.post('/me/lockdown').auth(token, as)],
      ['disabled', undefined],
    ])('no session is left of an account that was %s at the moment of sign-ins', async (_what, act) => {
      for (let round = 0; round < times(3, 20); round++) {
        const visitor = aVisitor();
        const { id, token } = await anAccountWith(visitor);
        const all = await severalArriving(visitor, 3);
        const proofs = [await idTokenOf(social, visitor), await idTokenOf(social, visitor)];

        const [pages, end, ...byIdTokens] = await Promise.all([
          comeBack(all),
          act ? act(token) : disable(id),
          ...proofs.map((proof, index) => appAt(index).post('/login/google/id-token').send(proof)),
        ]);

        expect(end.status).toBe(act ? 204 : 200);
        for (const { status } of byIdTokens) expect(status).toBeLessThan(500);
        for (const page of pages) {
          const { status, body } = await exchange(page);
          if (status === 200) expect(body.user.id).not.toBe(id);
        }
        const at = new Date(social.clock.now());
        expect(await apps.first.store.sessions.listLive(id, at)).toEqual([]);
      }
    });

    let admin: string | undefined;
    async function disable(userId: string) {
      admin ??= (await anAdmin(apps.second)).token;
      return apps.second.post(`/admin/users/${userId}/disable`).auth(admin, as);
    }

    it('an account that is deleted at the moment of first sign-ins leaves none, or another one takes its place', async () => {
      for (let round = 0; round < times(3, 30); round++) {
        const visitor = aVisitor();
        const { email = '' } = visitor;
        const { id, token, password } = await signUp(apps.first, { email });
        await markVerified(apps.first, email);
        const all = await severalArriving(visitor, 3);

        const [pages, deleted] = await Promise.all([
          comeBack(all),
          apps.second.delete('/me').auth(token, as).send({ password }),
        ]);

        expect(deleted.status).toBe(204);
        expect(pages.map((page) => page.searchParams.get('error'))).toEqual(pages.map(() => null));
        const owner = await apps.first.store.identities.findByKey(keyOf(social, visitor));
        expect(owner?.userId).not.toBe(id);
        for (const user of await usersIn(pages)) expect([owner?.userId, 'invalid_link']).toContain(user);
      }
    });

    it(`one of ${PARALLEL} returns of one sign-in leads on`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = aVisitor();
        const one = await arriving(visitor);
        const cookies = [...one.browser.jar];

        const outcomes = await outcomesOf(PARALLEL, async (index) => {
          const browser = browserOf(social, visitor);
          for (const [name, value] of cookies) browser.jar.set(name, value);
          return browser.comeBack(one.callback, appAt(index));
        });

        expect(outcomes).toEqual({ '303': 1, '400': PARALLEL - 1 });
        expect(await accountsOf(visitor)).toBe(1);
      }
    });

    it(`one of ${PARALLEL} exchanges of one code signs in`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const page = await browserOf(social, aVisitor()).signIn('google');

        const outcomes = await outcomesOf(PARALLEL, (index) => exchange(page, index));

        expect(outcomes).toEqual({ '200': 1, '400 code_used': PARALLEL - 1 });
      }
    });

    it('one of several users links an identity, the others are told that it is taken', async () => {
      const people: Awaited<ReturnType<typeof signUp>>[] = [];
      for (let index = 0; index < 4; index++) people.push(await signUp(apps.first));
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = aVisitor();
        const proofs = await Promise.all(people.map(() => idTokenOf(social, visitor)));

        const outcomes = await outcomesOf(people.length, (index) =>
          appAt(index)
            .post('/me/identities/google')
            .auth(people[index]?.token ?? '', as)
            .send(proofs[index]),
        );

        expect(outcomes).toEqual({ '201': 1, '409 identity_taken': people.length - 1 });
        expect(await apps.first.models.identities.count({ where: { subject: visitor.sub } })).toBe(1);
      }
    });

    it('one user who links an identity several times at once has it once, and is told so each time', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { id, token } = await signUp(apps.first);
        const visitor = aVisitor();
        const proofs = await Promise.all(Array.from({ length: 4 }, () => idTokenOf(social, visitor)));

        const outcomes = await outcomesOf(proofs.length, (index) =>
          appAt(index).post('/me/identities/google').auth(token, as).send(proofs[index]),
        );

        expect(outcomes).toEqual({ '201': proofs.length });
        expect(await apps.first.store.identities.list(id)).toHaveLength(1);
      }
    });

    it('one of the last two identities stays, where both are removed at once', async () => {
      for (let round = 0; round < times(4, 30); round++) {
        const { token, id, identities } = await anAccountOfIdentities();

        const outcomes = await outcomesOf(2, (index) =>
          unlink({ app: appAt(index) }, token, identities[index] ?? ''),
        );

        expect(outcomes).toEqual({ '204': 1, '409 last_sign_in_method': 1 });
        expect(await apps.first.store.identities.list(id)).toHaveLength(1);
      }
    });

    it('the last identity stays or the phone number does, where both are removed at once', async () => {
      for (let round = 0; round < times(4, 30); round++) {
        const { token, id, identities } = await anAccountOfIdentities();
        const phone = aPhone();
        await unlink({ app: apps.first }, token, identities[1] ?? '').expect(204);
        await apps.first.store.users.setPhone(id, phone, new Date(social.clock.now()));

        const outcomes = await outcomesOf(2, (index) =>
          index === 0
            ? unlink({ app: apps.first }, token, identities[0] ?? '')
            : apps.second.delete('/me/phone').auth(token, as),
        );

        expect(outcomes).toEqual({ '204': 1, '409 last_sign_in_method': 1 });
        const left = await apps.first.store.identities.list(id);
        const user = await apps.first.store.users.findById(id);
        expect([left.length, user?.phone === phone]).toEqual(left.length === 1 ? [1, false] : [0, true]);
      }
    });

    /** An account without an address and without a password, which has two identities. */
    async function anAccountOfIdentities() {
      const { email: _email, ...visitor } = aVisitor();
      const id = await insertAccount(social);
      const identities = [
        await insertIdentity(social, id, visitor, 'google'),
        await insertIdentity(social, id, visitor, 'acme'),
      ];
      const { access_token: token } = await browserOf(social, visitor).enter('google');
      return { id, token, identities };
    }
  });

  describe('In two processes of their own', () => {
    let peer: GooglePeer;
    beforeAll(async () => {
      peer = await startProviders();
    });
    afterAll(() => peer.stop());
    const two = useTwoProcesses(kind, () => ({ ...providersEnv(peer), RATE_LIMITS: 'off' }));

    it(`${PARALLEL} first sign-ins of one identity make one account, and all get a session`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const visitor = aVisitor();
        const proofs = await Promise.all(
          Array.from({ length: PARALLEL }, () => idTokenOf({ peer }, visitor)),
        );
        const users = new Set<unknown>();

        const outcomes = await outcomesOf(PARALLEL, async (index) => {
          const answer = await two.send(index, 'POST', '/login/google/id-token', { body: proofs[index] });
          users.add((answer.body.user as { id?: string } | undefined)?.id);
          return answer;
        });

        expect(outcomes).toEqual({ '200': PARALLEL });
        expect(users.size).toBe(1);
      }
    });
  });
});
