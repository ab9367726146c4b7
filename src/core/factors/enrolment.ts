import { entryOf } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import type { Caller } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { MfaPolicy } from './policy.ts';
import { macOfRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';

export type FactorEnrolment = ReturnType<typeof createFactorEnrolment>;

/** What becomes of an account when it gets its first second factor, and when it loses the last one. */
export function createFactorEnrolment(secrets: readonly [SigningKey, ...SigningKey[]], policy: MfaPolicy) {
  /**
   * To be called in the transaction that adds a factor: from now on the first factor alone does not sign in. Returns recovery
   * codes, to be shown this once; null where the account has some.
   */
  async function addedWithin(
    stores: CoreStores,
    userId: string,
    caller: Caller,
    at: Date,
  ): Promise<readonly string[] | null> {
    await stores.users.beginSecondFactor(userId, at);
    const { recoveryCodes } = await stores.factors.countsOf(userId);
    return recoveryCodes > 0 ? null : makeRecoveryCodesWithin(stores, userId, caller, at);
  }

  /**
   * To be called in the transaction that has removed a factor. With the last one go recovery codes and remembered devices.
   * @throws AppError last_factor where the operator requires one
   */
  async function removedWithin(stores: CoreStores, userId: string): Promise<void> {
    if (!(await stores.users.endSecondFactor(userId))) return;
    const { roles } = await stores.rights.rightsOf(userId);
    if (policy.isRequiredOf(roles)) throw new AppError('last_factor');
    await stores.factors.removeAll(userId);
  }

  /** Other codes take the place of those before. */
  async function makeRecoveryCodesWithin(stores: CoreStores, userId: string, caller: Caller, at: Date) {
    const codes = newRecoveryCodes();
    const macs = codes.map((code) => macOfRecoveryCode(secrets[0], userId, code));
    await stores.factors.replaceRecoveryCodes(userId, macs, at);
    await stores.audit.append(entryOf('recovery_codes.made', caller, userId), at);
    return codes;
  }

  return { addedWithin, removedWithin, makeRecoveryCodesWithin };
}
