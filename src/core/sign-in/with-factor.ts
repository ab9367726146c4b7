import { entryOf } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { FactorProof, GivenFactor } from '../factors/check-factor.ts';
import type { Quota } from '../limits/quota.ts';
import type { Caller } from '../principal.ts';
import type { User } from '../users/user.ts';
import { cancelOnThrow, wrongPasswordError } from './attempts.ts';
import { keysOfFactor } from './failure-keys.ts';

/** A second factor that is tried, and whose device it is tried on. */
interface FactorTry {
  readonly user: User;
  /** Null where the account does not know it. */
  readonly deviceId: string | null;
  readonly given: GivenFactor;
  /** For which a code by a message was sent; null where there is none. */
  readonly challengeId: string | null;
  readonly caller: Caller;
}

export type WithFactor = ReturnType<typeof createWithFactor>;

/** Makes the function for what takes a second factor. */
export function createWithFactor({
  store,
  clock,
  attempts,
  factorCheck,
}: Pick<Core, 'store' | 'clock' | 'attempts' | 'factorCheck'>) {
  /**
   * Does something where a second factor is right. A try counts before it is compared. `work` uses the proof up in its
   * transaction, and returns null where another request has done so first.
   * @throws AppError invalid_factor, rate_limited, those of codes that were sent, and what `work` throws
   */
  return async function withFactor<Result>(
    { user, deviceId, given, challengeId, caller }: FactorTry,
    work: (proof: FactorProof) => Promise<Result | null>,
  ): Promise<{ readonly result: Result; readonly quota: Quota | undefined }> {
    const attempt = await attempts.begin(keysOfFactor(user.id, deviceId));
    // What a passkey signs cannot be guessed, so wrong codes do not lock it.
    const mayMatch = attempt.mayMatch || given.method === 'passkey';
    const proof = mayMatch
      ? await cancelOnThrow(attempt, factorCheck.check(user, given, challengeId, caller))
      : null;
    const result = proof && (await cancelOnThrow(attempt, work(proof)));
    if (result === null) {
      attempt.fail();
      const details = { reason: mayMatch ? 'wrong_factor' : 'locked', method: given.method };
      const entry = entryOf('factor.refused', caller, user.id, details, 'failure');
      await store.audit.append(entry, new Date(clock.now()));
      throw wrongPasswordError('invalid_factor', attempt, user.id);
    }
    return { result, quota: await attempt.succeed() };
  };
}
