import { describe, expect, it } from '@jest/globals';
import { startApp, TEST_SECRET } from '../support/app.ts';
import { answer, challengeFor, signUpWithTotp, totpOf } from '../support/factors.ts';

const AS_BEFORE = 'a-secret-of-the-service-alone-that-was-there-before';
const NEXT = 'a-secret-of-the-service-alone-that-takes-its-place';

describe('The secret of an authenticator app', () => {
  it('is sealed in the database, stands in no log, and is opened as long as its secret is a previous one', async () => {
    let url = '';
    const first = await startApp('SQLite', { APP_SECRET: AS_BEFORE }, (reached) => {
      url = reached;
      return reached;
    });
    const { totp, ...person } = await signUpWithTotp(first);
    const [row] = await first.models.totpFactors.findAll({ raw: true });
    const challenge = await challengeFor(first, person);
    await answer(first, challenge, { method: 'totp', code: 'wrong!' }).expect(403);

    expect(row?.secret).not.toContain(totp.secret);
    const told = JSON.stringify([first.logs.lines, await first.models.ledger.findAll({ raw: true })]);
    for (const secret of [totp.secret, challenge.challenge_token, ...totp.recoveryCodes]) {
      expect(told).not.toContain(secret);
    }

    const seconds = first.clock.now();
    const rotated = await startApp(
      'SQLite',
      { APP_SECRET: NEXT, APP_PREVIOUS_SECRETS: AS_BEFORE, JWT_SECRET: TEST_SECRET },
      () => url,
    );
    rotated.clock.advanceSeconds((seconds - rotated.clock.now()) / 1000);
    await answer(rotated, await challengeFor(rotated, person), totpOf(rotated, totp)).expect(200);
    const code = totp.recoveryCodes[0] ?? '';
    await answer(rotated, await challengeFor(rotated, person), { method: 'recovery_code', code }).expect(200);
    await rotated.stop();

    const without = await startApp('SQLite', { APP_SECRET: NEXT }, () => url);
    without.clock.advanceSeconds((seconds - without.clock.now()) / 1000 + 30);
    for (const given of [
      totpOf(without, totp),
      { method: 'recovery_code', code: totp.recoveryCodes[1] ?? '' } as const,
    ]) {
      const { body } = await answer(without, await challengeFor(without, person), given).expect(403);
      expect(body.code).toBe('invalid_factor');
    }
    await without.stop();
    await first.stop();
  });
});
