import { entryOf } from '../../core/audit/audit.ts';
import type { GivenCode, SentChallenge } from '../../core/codes/codes.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import type { User } from '../../core/users/user.ts';

export type PhoneNumbers = ReturnType<typeof createPhoneNumbers>;

/** The phone number of an account, which is always verified. */
export function createPhoneNumbers(core: Core) {
  const { store, codes, phoneCodes, outbox, clock, hasWayIn } = core;
  const now = () => new Date(clock.now());

  /**
   * Sends a code to a number, which is that of the account once it is proved.
   * @throws AppError token_revoked, channel_not_configured, validation_failed, rate_limited
   */
  async function requestChange(
    caller: PrincipalCaller<UserPrincipal>,
    phone: string,
    count: Count,
  ): Promise<SentChallenge> {
    const { userId } = caller.principal;
    const user = await requireActiveUser(store.users, userId);
    await phoneCodes.admit(phone, count, userId);
    const sent = await store.transaction(async (stores) => {
      await requireLiveSession(stores, caller, now());
      return phoneCodes.sendWithin(stores, {
        caller,
        purpose: 'phone_change',
        address: phone,
        userId,
        language: user.language,
      });
    });
    outbox.wake();
    return sent;
  }

  /**
   * Gives the account the number that a code proves.
   * @throws AppError invalid_code, code_used, code_replaced, code_expired, too_many_tries, rate_limited, phone_taken,
   * token_revoked
   */
  async function change(caller: PrincipalCaller<UserPrincipal>, given: GivenCode): Promise<User> {
    const { userId } = caller.principal;
    const challenge = await codes.check(given, ['phone_change'], caller);
    // The code of another account proves nothing here.
    if (challenge.userId !== userId) throw new AppError('invalid_code');
    return store.transaction(async (stores) => {
      const at = now();
      await requireLiveSession(stores, caller, at);
      await codes.useWithin(stores, challenge);
      if (!(await stores.users.setPhone(userId, challenge.address, at))) throw new AppError('token_revoked');
      await stores.audit.append(entryOf('phone.changed', caller, userId), at);
      return requireActiveUser(stores.users, userId);
    });
  }

  /** @throws AppError token_revoked, last_sign_in_method */
  async function remove(caller: PrincipalCaller<UserPrincipal>): Promise<void> {
    const { userId } = caller.principal;
    await store.transaction(async (stores) => {
      const at = now();
      await requireLiveSession(stores, caller, at);
      const user = await requireActiveUser(stores.users, userId);
      if (user.phone === null) return;
      const identities = await stores.identities.list(userId);
      const passkeyCount = await stores.passkeys.count(userId);
      if (!hasWayIn({ ...user, phone: null }, identities, passkeyCount))
        throw new AppError('last_sign_in_method');
      await stores.users.setPhone(userId, null, at);
      await stores.audit.append(entryOf('phone.removed', caller, userId), at);
    });
  }

  return { requestChange, change, remove };
}
