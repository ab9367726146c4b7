import { beforeAll, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/app.ts';
import { press, WAYS } from '../../support/code-ways.ts';
import { codeFor, linkFor, resetFor, sent, signInBy, tokenIn, verifyBy } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { times } from '../../support/extent.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';
import { useTwoProcesses } from '../../support/two-processes.ts';
import { outcomesOf } from '../../support/winners.ts';

const PARALLEL = 16;
const ROUNDS = times(2, 15);
const RETURN_TO = 'http://localhost:3000/';

/** That one has succeeded, and the others were told that it is used, or tried, too often. */
function expectOneWinner(outcomes: Record<string, number>, count = PARALLEL): void {
  const entries = Object.entries(outcomes);
  const won = entries.filter(([outcome]) => Number(outcome.slice(0, 3)) < 400);
  expect(won.map(([, amount]) => amount)).toEqual([1]);
  const others = entries.filter(([outcome]) => Number(outcome.slice(0, 3)) >= 400);
  expect(
    others.map(([outcome]) => outcome.slice(0, 3)).filter((status) => !/^4(?:00|29)$/.test(status)),
  ).toEqual([]);
  expect(others.reduce((sum, [, amount]) => sum + amount, 0)).toBe(count - 1);
}

onEachDatabase((kind) => {
  describe('In two processes on one database', () => {
    const apps = useTwoApps(kind, () => ({ NEW_DEVICE_MAIL: 'true' }));
    const appAt = (index: number): TestApp => (index % 2 ? apps.first : apps.second);

    /** Both of them, in turns. */
    function balanced(): TestApp {
      let asked = 0;
      const clock = {
        ...apps.first.clock,
        advanceSeconds(seconds: number) {
          for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(seconds);
        },
      };
      return new Proxy(apps.first, {
        get(_first, name) {
          if (name === 'clock') return clock;
          const isRequest = name === 'post' || name === 'url';
          return Reflect.get(isRequest ? appAt(asked++) : apps.first, name);
        },
      });
    }

    it.each(WAYS.filter(({ what }) => what !== 'a link to sign in'))(
      `one of ${PARALLEL} uses of $what at once succeeds, by its code and by its link`,
      async (way) => {
        for (let round = 0; round < ROUNDS; round++) {
          const [one, other] = [await way.begin(balanced()), await way.begin(balanced())];
          const { byCode } = one;
          const { byLink } = other;
          if (byCode !== undefined) expectOneWinner(await outcomesOf(PARALLEL, () => byCode(one.first)));
          if (byLink !== undefined) expectOneWinner(await outcomesOf(PARALLEL, () => byLink(other.first)));
        }
      },
    );

    it(`one of ${PARALLEL} presses of a link leads back with a code`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { email } = await signUp(apps.first);
        const link = await linkFor(apps.first, email, { return_to: RETURN_TO });

        const outcomes = await outcomesOf(PARALLEL, (index) => press(appAt(index), link));

        expect(outcomes['303']).toBe(1);
        expect(Object.keys(outcomes).sort()).toEqual(['303', '400']);
      }
    });

    it('two first sign-ins of one address at once make one account, and both succeed', async () => {
      for (let round = 0; round < times(4, 30); round++) {
        const { email } = aPerson();
        const code = await codeFor(apps.first, { email });
        const link = await linkFor(apps.first, email, { return_to: RETURN_TO });

        const outcomes = await outcomesOf(2, (index) =>
          index === 0 ? signInBy(apps.first, code) : press(apps.second, link),
        );

        expect(outcomes).toEqual({ '200': 1, '303': 1 });
        expect(await apps.first.models.users.count({ where: { emailCanonical: email } })).toBe(1);
      }
    });

    it('a first sign-in and a sign-up with one address at once make one account', async () => {
      for (let round = 0; round < times(4, 30); round++) {
        const person = aPerson();
        const code = await codeFor(apps.first, person);

        const outcomes = await outcomesOf(2, (index) =>
          index === 0 ? signInBy(apps.first, code) : apps.second.post('/signup').send(person),
        );

        expect(outcomes['200']).toBe(1);
        expect(await apps.first.models.users.count({ where: { emailCanonical: person.email } })).toBe(1);
      }
    });

    it('of codes that are asked for at once one is the latest, and that one works', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { email, id } = await signUp(apps.first);
        expect(await outcomesOf(PARALLEL, (index) => appAt(index).post('/otp').send({ email }))).toEqual({
          '202': PARALLEL,
        });

        const rows = await apps.first.models.challenges.findAll({
          where: { userId: id, purpose: 'sign_in_code' },
        });

        expect(rows).toHaveLength(PARALLEL);
        expect(rows.filter((row) => row.get().latestOf !== null)).toHaveLength(1);
      }
    });

    it('a reset and a change of the address at once end with one of them', async () => {
      for (let round = 0; round < times(3, 20); round++) {
        const { email, token } = await signUp(apps.first);
        const other = aPerson().email;
        const change = await sent(
          apps.first,
          apps.first.post('/me/email').auth(token, { type: 'bearer' }).send({ email: other }),
        );
        const reset = await resetFor(apps.first, email);
        const password = aPerson().password;

        await outcomesOf(2, (index) =>
          index === 0
            ? verifyBy(apps.first, change)
            : apps.second.post('/password/reset').send({ token: reset.token, new_password: password }),
        );

        const login = async (identifier: string) =>
          (await apps.first.post('/login').send({ email: identifier, password })).status;
        // Whoever reads the former address must not choose the password of the account that has another by now.
        expect(await login(other)).toBe(401);
      }
    });
  });

  describe('In two processes of their own', () => {
    const two = useTwoProcesses(kind, { RATE_LIMITS: 'off' });
    let messages: () => Promise<{ to: string; code: string | null; link: string | null }[]>;

    beforeAll(() => {
      messages = async () => (await two.send(0, 'GET', '/dev/outbox')).body.messages as never;
    });

    /** The message that comes of a request, by the only address that it goes to. */
    async function messageTo(to: string) {
      for (let times = 0; times < 500; times++) {
        const found = (await messages()).find((message) => message.to === to);
        if (found !== undefined) return { code: found.code ?? '', token: tokenIn(found.link ?? '') };
      }
      throw new Error(`there is no message to ${to}`);
    }

    it(`one of ${PARALLEL} uses of a code signs in`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { email } = aPerson();
        const { body } = await two.send(0, 'POST', '/otp', { body: { email } });
        const { code } = await messageTo(email);
        const proof = { challenge_id: body.challenge_id, code };

        expectOneWinner(
          await outcomesOf(PARALLEL, (index) => two.send(index, 'POST', '/otp/verify', { body: proof })),
        );
      }
    });

    it(`one of ${PARALLEL} uses of a link of a reset changes the password`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { email } = await two.signUp();
        const to = email.toUpperCase();
        await two.send(0, 'POST', '/password/forgot', { body: { email: to } });
        let token = '';
        for (let times = 0; token === '' && times < 500; times++) {
          const found = (await messages()).find(
            (message) => message.to === email && message.link?.includes('/reset/'),
          );
          token = tokenIn(found?.link ?? '');
        }
        const passwords = Array.from({ length: PARALLEL }, () => aPerson().password);

        expectOneWinner(
          await outcomesOf(PARALLEL, (index) =>
            two.send(index, 'POST', '/password/reset', { body: { token, new_password: passwords[index] } }),
          ),
        );

        const logins = await Promise.all(
          passwords.map((password) => two.send(0, 'POST', '/login', { body: { email, password } })),
        );
        expect(logins.filter(({ status }) => status === 200)).toHaveLength(1);
      }
    });

    it(`of ${PARALLEL} guesses at once five are compared`, async () => {
      const { email } = aPerson();
      const { body } = await two.send(0, 'POST', '/otp', { body: { email } });
      const { code } = await messageTo(email);

      const outcomes = await outcomesOf(PARALLEL, (index) => {
        const guess = String((Number(code) + index + 1) % 1_000_000).padStart(6, '0');
        return two.send(index, 'POST', '/otp/verify', {
          body: { challenge_id: body.challenge_id, code: guess },
        });
      });

      expect(outcomes['400 invalid_code']).toBe(5);
    });
  });
});
