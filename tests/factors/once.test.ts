import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { answer, type Challenge, challengeFor, codeOf, signUpWithTotp, totpOf } from '../support/factors.ts';
import { aPerson } from '../support/people.ts';
import { useTwoApps } from '../support/two-apps.ts';
import { type Answer, useTwoProcesses } from '../support/two-processes.ts';
import { outcomesOf } from '../support/winners.ts';

type Given = Parameters<typeof answer>[2];

onEachDatabase((kind) => {
  describe('Of requests at two processes at once', () => {
    const apps = useTwoApps(kind);

    /** The statuses, the lowest first. */
    async function race(requests: readonly (readonly [Challenge, Given])[]): Promise<number[]> {
      const { first, second } = apps;
      const answers = requests.map(([challenge, given], index) =>
        answer(index % 2 === 0 ? first : second, challenge, given),
      );
      return (await Promise.all(answers)).map(({ status }) => status).sort();
    }

    async function aPersonWithTotp() {
      const person = await signUpWithTotp(apps.first);
      apps.second.clock.advanceSeconds((apps.first.clock.now() - apps.second.clock.now()) / 1000);
      return person;
    }

    it('one uses a code of an authenticator app', async () => {
      const { totp, ...person } = await aPersonWithTotp();
      const challenges = [await challengeFor(apps.first, person), await challengeFor(apps.first, person)];
      const given = totpOf(apps.first, totp);

      expect(await race(challenges.map((challenge) => [challenge, given]))).toEqual([200, 403]);
    });

    it('one uses a recovery code', async () => {
      const { totp, ...person } = await aPersonWithTotp();
      const challenges = [await challengeFor(apps.first, person), await challengeFor(apps.first, person)];
      const given = { method: 'recovery_code', code: totp.recoveryCodes[3] ?? '' } as const;

      expect(await race(challenges.map((challenge) => [challenge, given]))).toEqual([200, 403]);
      expect(await apps.first.store.factors.countsOf(person.id)).toMatchObject({ recoveryCodes: 9 });
    });

    it('one uses a challenge, and the factor of the other one is as good as before', async () => {
      const { totp, ...person } = await aPersonWithTotp();
      const challenge = await challengeFor(apps.first, person);
      const [one, other] = totp.recoveryCodes.map((code) => ({ method: 'recovery_code', code }) as const);

      expect(await race([one, other].map((given) => [challenge, given as Given]))).toEqual([200, 400]);
      expect(await apps.first.store.factors.countsOf(person.id)).toMatchObject({ recoveryCodes: 9 });
    });
  });

  describe('Of requests at two processes of their own at once', () => {
    const two = useTwoProcesses(kind);
    const clock = { now: Date.now, monotonic: Date.now, advanceSeconds: () => {} };

    it('one uses a code of an authenticator app', async () => {
      const person = aPerson();
      const { body: signedUp } = await two.send(0, 'POST', '/signup', { body: person });
      const token = String(signedUp.access_token);
      const { body: begun } = await two.send(1, 'POST', '/me/factors/totp', { token });
      const secret = String(begun.secret);
      const path = `/me/factors/totp/${begun.factor_id}/confirm`;
      const code = codeOf({ clock }, secret);
      expect((await two.send(0, 'POST', path, { token, body: { code } })).status).toBe(200);
      const challenges: Answer[] = [];
      for (let index = 0; index < 4; index++)
        challenges.push(await two.send(index, 'POST', '/login', { body: person }));
      // The one before is used, and one step ahead is good as well.
      const next = codeOf({ clock }, secret, 1);

      const outcomes = await outcomesOf(4, (index) =>
        two.send(index, 'POST', '/login/factor', {
          body: { challenge_token: challenges[index]?.body.challenge_token, method: 'totp', code: next },
        }),
      );

      expect(outcomes).toEqual({ '200': 1, '403 invalid_factor': 3 });
    });
  });
});
