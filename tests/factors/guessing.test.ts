import { describe, expect, it } from '@jest/globals';
import { MAX_TOTP_FACTORS } from '../../src/core/factors/factor.ts';
import { anAdmin } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { resetFor } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { isLongForm } from '../support/extent.ts';
import { addTotp, aKnownDevice, answer, challengeFor, signUpWithTotp, totpOf } from '../support/factors.ts';
import { aPerson, type Person } from '../support/people.ts';
import { resetTokenOf } from '../support/reset-tokens.ts';

const as = { type: 'bearer' } as const;
const DAY_SECONDS = 86_400;
const GUESSES = 100_000;
/** The codes of a step, and of one before and after it, of a million. */
const STEPS = 3;
const CODES = 1_000_000;
const LONGER_THAN_ANY_DELAY_SECONDS = 901;

/** Few, where the number does not matter. */
const FEW = 8;

onEachDatabase((kind) => {
  describe('Who knows the password and guesses the code of an authenticator app', () => {
    const app = useApp(kind);
    const strict = useApp(kind, { LOGIN_MAX_FAILURES: String(FEW) });

    /** No code of six digits, so that no guess is right by chance, and each is compared as any other. */
    const WRONG = { method: 'totp', code: 'wrong!' } as const;

    /** How many guesses at the factors of a user were compared. */
    const comparedOf = (at: TestApp, subjectId: string) =>
      at.models.ledger.count({
        where: {
          subjectId,
          type: 'factor.refused',
          details: JSON.stringify({ reason: 'wrong_factor', method: 'totp' }),
        },
      });

    /** Guesses once, with a challenge that is good: the first factor is right. Returns the seconds to wait for the next one. */
    function guesser(at: TestApp, person: Person) {
      let challenge = { challenge_token: '' };
      let until = 0;
      return async () => {
        if (at.clock.now() >= until) {
          challenge = await challengeFor(at, person);
          until = at.clock.now() + 299_000;
        }
        const { status, headers } = await answer(at, challenge, WRONG);
        const [, left, seconds] = /"login-account";r=(\d+);t=(\d+)/.exec(String(headers.ratelimit)) ?? [];
        return { status, waitSeconds: left === '0' ? Number(seconds) : 0 };
      };
    }

    it(`succeeds in less than one of a thousand cases with ${GUESSES} guesses in a day, at three apps`, async () => {
      const { token, ...person } = await signUpWithTotp(app);
      for (let apps = 1; apps < MAX_TOTP_FACTORS; apps++) await addTotp(app, token);
      const guess = guesser(app, person);
      const begun = app.clock.now();
      let waitsUntil = 0;
      let isWaitTried = true;

      for (let done = 0; done < GUESSES; done++) {
        const at = begun + (done * DAY_SECONDS * 1000) / GUESSES;
        // Of those that come while the next one has to wait the first is sent; in the long form all are.
        if (!isLongForm() && at < waitsUntil && isWaitTried) continue;
        app.clock.advanceSeconds((at - app.clock.now()) / 1000);
        const { status, waitSeconds } = await guess();
        expect([status, at < waitsUntil]).toEqual([status === 429 ? 429 : 403, status === 429]);
        isWaitTried = status === 429;
        if (status === 403) waitsUntil = at + waitSeconds * 1000;
      }

      const compared = await comparedOf(app, person.id);
      expect(compared).toBe(100);
      expect((compared * STEPS * MAX_TOTP_FACTORS) / CODES).toBeLessThan(1 / 1000);
    });

    it('gets no more guesses by a correct password, another one by the mail or a link of an administrator', async () => {
      const { totp, ...person } = await signUpWithTotp(strict);
      await strict.store.users.verifyEmail(person.id, person.email, new Date(strict.clock.now()));
      const rest = async (of: Person & { readonly id: string }, times = 3) => {
        const guess = guesser(strict, of);
        for (let time = 0; time < times; time++) {
          strict.clock.advanceSeconds(LONGER_THAN_ANY_DELAY_SECONDS);
          await guess();
        }
        return comparedOf(strict, of.id);
      };
      expect(await rest(person, FEW + 2)).toBe(FEW);

      const { token } = await resetFor(strict, person.email);
      const mailed = { ...person, password: aPerson().password };
      await strict.post('/password/reset').send({ token, new_password: mailed.password }).expect(204);
      expect(await rest(mailed)).toBe(FEW);

      const handed = { ...person, password: aPerson().password };
      const link = { token: await resetTokenOf(strict, person.id), new_password: handed.password };
      await strict.post('/password/reset').send(link).expect(204);
      expect(await rest(handed)).toBe(FEW);

      // Not even the right code is taken any more, until somebody who may has unlocked the account.
      strict.clock.advanceSeconds(LONGER_THAN_ANY_DELAY_SECONDS);
      await answer(strict, await challengeFor(strict, handed), totpOf(strict, totp)).expect(403);
      const admin = await anAdmin(strict);
      await strict.post(`/admin/users/${person.id}/unlock`).auth(admin.token, as).expect(204);
      await answer(strict, await challengeFor(strict, handed), totpOf(strict, totp)).expect(200);
      expect(await rest(handed)).toBe(FEW + 3);
    });

    it('does not lock the owner out of a device that the account knows, since it had the second factor', async () => {
      const { totp, deviceToken: former, ...person } = await signUpWithTotp(strict);
      const deviceToken = await aKnownDevice(strict, person, totp);
      const guess = guesser(strict, person);
      for (let time = 0; time < FEW; time++) {
        strict.clock.advanceSeconds(LONGER_THAN_ANY_DELAY_SECONDS);
        await guess();
      }
      const known = { device_token: deviceToken };

      await answer(strict, await challengeFor(strict, person), totpOf(strict, totp)).expect(429);
      const formerly = { device_token: former };
      await answer(strict, await challengeFor(strict, person, formerly), {
        ...totpOf(strict, totp),
        ...formerly,
      }).expect(429);
      const challenge = await challengeFor(strict, person, known);
      await answer(strict, challenge, { ...totpOf(strict, totp), ...known }).expect(200);
    });
  });
});
