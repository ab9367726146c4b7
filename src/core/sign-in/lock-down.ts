import { revocationOfKey } from '../api-keys/revocation.ts';
import { entryOf } from '../audit/audit.ts';
import type { Purpose } from '../codes/challenge.ts';
import { NOTICE_SECONDS, noticeOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { Caller } from '../principal.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { after } from '../sessions/ending.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';

export type LockDown = ReturnType<typeof createLockDown>;

/** What a thief may have asked for. The way back from a change of the address stays open. */
const ENDED: readonly Purpose[] = [
  'email_change',
  'password_reset',
  'phone_change',
  'sign_in_code',
  'sign_in_link',
  'exchange',
  // What they are about has ended.
  'lockdown',
];

export type TakeAccess = ReturnType<typeof createTakeAccess>;

/**
 * Ends what lets somebody in besides sessions and the password: API keys, and the phone number where there is an address to
 * sign in with. Whoever got into the account may have added both. Returns what to announce after the commit.
 */
export async function endOtherAccessWithin(
  stores: CoreStores,
  userId: string,
  at: Date,
): Promise<Revocation[]> {
  const keyIds = await stores.apiKeys.revokeAll(userId, at);
  const ended = keyIds.map((id) => revocationOfKey(id, at));
  await stores.revocations.insert(ended, at);
  await stores.users.clearPhone(userId, at);
  return ended;
}

/** Makes the function that ends all that whoever has got into an account may hold of it. */
export function createTakeAccess(sessions: Pick<Sessions, 'revokeWithin'>) {
  /**
   * Ends every session, refresh token, device token and API key, the password, the phone number where there is an address
   * as well, and codes that were asked for. Returns what to announce after the commit.
   */
  return async function takeAccessWithin(
    stores: CoreStores,
    userId: string,
    at: Date,
  ): Promise<Revocation[]> {
    const sessionsEnded = await sessions.revokeWithin(stores, { userId }, 'locked_down');
    const keysEnded = await endOtherAccessWithin(stores, userId, at);
    await stores.users.clearPassword(userId, at);
    await stores.challenges.endAll(userId, ENDED);
    return [...sessionsEnded, ...keysEnded];
  };
}

/** Makes the function that takes an account out of the hands of whoever has got into it, for its owner. */
export function createLockDown({
  takeAccessWithin,
  outbox,
}: {
  readonly takeAccessWithin: TakeAccess;
  readonly outbox: Pick<Outbox, 'addWithin' | 'has'>;
}) {
  /**
   * Ends all access, and tells the owner, who chooses another password by POST /password/forgot. Returns what to announce
   * after the commit, when the outbox is to be woken as well.
   */
  return async function lockDownWithin(
    stores: CoreStores,
    user: User,
    caller: Caller,
    at: Date,
  ): Promise<Revocation[]> {
    const revoked = await takeAccessWithin(stores, user.id, at);
    await stores.audit.append(entryOf('user.locked_down', caller, user.id), at);
    if (user.email === null || !outbox.has('email')) return revoked;
    const notice = noticeOf({
      user,
      to: user.email,
      origin: caller.origin,
      template: 'locked-down',
      data: {},
      expiresAt: after(at, NOTICE_SECONDS),
    });
    await outbox.addWithin(stores, notice);
    return revoked;
  };
}
