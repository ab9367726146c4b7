import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { startApp, type TestApp, useApp } from '../../support/app.ts';
import { press } from '../../support/code-ways.ts';
import {
  codeFor,
  linkFor,
  messageTo,
  refusalOf,
  resetFor,
  sent,
  signInBy,
  verifyBy,
  wrong,
} from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { times } from '../../support/extent.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

type Codes = Awaited<ReturnType<typeof codeFor>>;

/** Tries wrong codes one after another. */
async function failTimes(app: TestApp, given: Codes, count: number): Promise<string[]> {
  const refusals: string[] = [];
  for (let by = 1; by <= count; by++) {
    refusals.push(refusalOf(await signInBy(app, { ...given, code: wrong(given.code, by) })));
  }
  return refusals;
}

onEachDatabase((kind) => {
  describe('Codes of one address', () => {
    const app = useApp(kind);

    it.each(['known', 'unknown'])(
      'are compared ten times an hour in all, whatever they are for and however many are sent, where it is %s',
      async (which) => {
        const { email } = which === 'known' ? await signUp(app) : aPerson();
        expect(await failTimes(app, await codeFor(app, { email }), 5)).toEqual(
          Array(5).fill('400 invalid_code'),
        );
        app.clock.advanceSeconds(1);
        const reset = which === 'known' ? await resetFor(app, email) : await codeFor(app, { email });
        for (let by = 1; by <= 5; by++) {
          const proof = { challenge_id: reset.challengeId, code: wrong(reset.code, by) };
          const request =
            which === 'known'
              ? app.post('/password/reset').send({ ...proof, new_password: aPerson().password })
              : app.post('/otp/verify').send(proof);
          expect(refusalOf(await request)).toBe('400 invalid_code');
        }
        app.clock.advanceSeconds(1);
        const third = await codeFor(app, { email });

        const refused = await signInBy(app, third).expect(429);

        expect(refused.body).toMatchObject({ code: 'rate_limited', policy: 'code-tries' });
        const seconds = Number(refused.headers['retry-after']);
        expect(seconds).toBeGreaterThan(3_500);
        expect(seconds).toBeLessThanOrEqual(3_600);
        expect(refused.headers['ratelimit-policy']).toContain('"code-tries";q=10;w=3600');
        expect(refused.headers.ratelimit).toContain(`"code-tries";r=0;t=${seconds}`);

        app.clock.advanceSeconds(seconds - 1);
        await signInBy(app, await codeFor(app, { email })).expect(429);
        app.clock.advanceSeconds(1);
        await signInBy(app, await codeFor(app, { email })).expect(200);
      },
    );

    it('do not keep its links from working meanwhile', async () => {
      const { email } = await signUp(app);
      for (let times = 0; times < 2; times++) {
        await failTimes(app, await codeFor(app, { email }), 5);
        app.clock.advanceSeconds(1);
      }
      await signInBy(app, await codeFor(app, { email })).expect(429);
      app.clock.advanceSeconds(1);

      const link = await linkFor(app, email, { return_to: 'http://localhost:3000/' });
      await press(app, link).expect(303);
      const reset = await resetFor(app, email);
      const password = aPerson().password;
      await app.post('/password/reset').send({ token: reset.token, new_password: password }).expect(204);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('count for the account as well, whatever address they went to', async () => {
      const { email, token } = await signUp(app);
      for (let times = 0; times < 2; times++) {
        const change = await sent(
          app,
          app.post('/me/email').auth(token, { type: 'bearer' }).send({ email: aPerson().email }),
        );
        for (let by = 1; by <= 5; by++) await verifyBy(app, { ...change, code: wrong(change.code, by) });
        app.clock.advanceSeconds(1);
      }

      await signInBy(app, await codeFor(app, { email })).expect(429);
    });

    it('are no reason to refuse those of another address', async () => {
      const { email } = await signUp(app);
      for (let times = 0; times < 3; times++) {
        await failTimes(app, await codeFor(app, { email }), 5);
        app.clock.advanceSeconds(1);
      }
      await signInBy(app, await codeFor(app, aPerson())).expect(200);
    });
  });

  // Whoever guesses codes of an account has 10 of 1,000,000 an hour, from wherever they come: 1 in 100,000 an hour, and 5 in
  // 1,000,000 for one code. To get in with a probability of one half takes 69,000 hours, nearly eight years.
  describe('Parallel guesses at two processes', () => {
    const apps = useTwoApps(kind);

    /** How many of the answers say that a code was compared. */
    const compared = (answers: readonly Response[]) =>
      answers.filter(({ status, body }) => status === 200 || body.code === 'invalid_code').length;

    it('compare five codes of a challenge, and never a sixth, also where that is the right one', async () => {
      for (let round = 0; round < times(3, 20); round++) {
        const given = await codeFor(apps.first, aPerson());
        const guesses = Array.from({ length: 40 }, (_, by) => wrong(given.code, by + 1));

        const answers = await Promise.all(
          guesses.map((code, at) => signInBy(at % 2 ? apps.first : apps.second, { ...given, code })),
        );

        expect(compared(answers)).toBe(5);
        const others = answers.map(refusalOf).filter((refusal) => refusal !== '400 invalid_code');
        expect(others.every((refusal) => /too_many_tries|rate_limited/.test(refusal))).toBe(true);
        expect(refusalOf(await signInBy(apps.first, given))).toBe('400 too_many_tries');
        expect(await apps.first.models.challenges.findByPk(given.challengeId)).toMatchObject({ tries: 5 });
      }
    });

    it('compare ten codes of an account in an hour, over all of its challenges', async () => {
      const { email } = await signUp(apps.first);
      const given: Codes[] = [];
      for (const send of [codeFor, codeFor]) given.push(await send(apps.first, { email }));
      const reset = await resetFor(apps.first, email);
      const verification = await sent(apps.first, apps.first.post('/email/verify/resend').send({ email }));

      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, at) => {
          const app = at % 2 ? apps.first : apps.second;
          const by = at + 1;
          if (at % 3 === 0)
            return signInBy(app, { ...(given[1] as Codes), code: wrong(given[1]?.code ?? '', by) });
          if (at % 3 === 1) return verifyBy(app, { ...verification, code: wrong(verification.code, by) });
          return app.post('/password/reset').send({
            challenge_id: reset.challengeId,
            code: wrong(reset.code, by),
            new_password: aPerson().password,
          });
        }),
      );

      expect(compared(answers)).toBeLessThanOrEqual(10);
      const { tries } = (await apps.first.models.challenges
        .sum('tries', { where: { userId: await idOf(email) } })
        .then((sum) => ({ tries: sum }))) as { tries: number };
      expect(tries).toBeLessThanOrEqual(10);
      expect(answers.every(({ status }) => status === 400 || status === 429)).toBe(true);
    });

    const idOf = async (email: string) => (await apps.first.store.users.findByEmail(email))?.id;
  });

  describe('A code that was sent before APP_SECRET was replaced', () => {
    const OLD = 'the-secret-that-was-there-before-of-some-length';
    let before: TestApp;
    let after: TestApp;

    beforeAll(async () => {
      let url = '';
      before = await startApp(kind, { APP_SECRET: OLD }, (given) => {
        url = given;
        return given;
      });
      const env = { APP_SECRET: 'the-secret-that-there-is-from-now-on-as-long', APP_PREVIOUS_SECRETS: OLD };
      after = await startApp(kind, env, () => url);
      after.clock.advanceSeconds((before.clock.now() - after.clock.now()) / 1000);
    });
    afterAll(async () => {
      await after.stop();
      await before.stop();
    });

    it('works as long as the former one is in APP_PREVIOUS_SECRETS, and is tried five times as well', async () => {
      const [one, other] = [await codeFor(before, aPerson()), await codeFor(before, aPerson())];

      await signInBy(after, one).expect(200);
      expect(await failTimes(after, other, 6)).toEqual([
        ...Array(5).fill('400 invalid_code'),
        '400 too_many_tries',
      ]);
    });

    it('can be read in the outbox', async () => {
      const { email } = aPerson();
      const { code } = await codeFor(before, { email });
      expect((await messageTo(after, email)).code).toBe(code);
    });
  });

  describe('What is kept of a code', () => {
    const app = useApp(kind);

    it('is an HMAC, which nobody without the secret can try a million codes against', async () => {
      const given = await codeFor(app, aPerson());
      const row = (await app.models.challenges.findByPk(given.challengeId))?.get();
      expect(row?.codeMac).toMatch(/^[\w-]{43}$/);
      const input = `latchkey code v1\0sign_in_code\0${given.challengeId}\0${given.code}`;
      const [secret] = app.keys.appSecrets;
      expect(createHmac('sha256', secret.signingKey).update(input).digest('base64url')).toBe(row?.codeMac);
      expect(createHmac('sha256', '').update(input).digest('base64url')).not.toBe(row?.codeMac);
    });
  });
});
