import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { answer, type Challenge, challengeFor, signUpWithTotp, totpOf } from '../support/factors.ts';
import { useTwoApps } from '../support/two-apps.ts';

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
});
