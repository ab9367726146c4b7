import { revocationOfKey } from '../api-keys/revocation.ts';
import { entryOf } from '../audit/audit.ts';
import { PURPOSES, type Purpose } from '../codes/challenge.ts';
import { NOTICE_SECONDS, noticeOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { Caller } from '../principal.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { after } from '../sessions/ending.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';

/** What a thief may have asked for. The link that undoes a change of the address stays good. */
const ENDED: readonly Purpose[] = [
  'email_change',
  'password_reset',
  'phone_change',
  'sign_in_code',
  'sign_in_link',
  'exchange',
  'second_factor',
  'factor_code',
  // The sessions that these links warn of have ended.
  'lockdown',
];

/**
 * Ends the ways in that a thief may have added to an account: API keys, second factors that were added since `factorsSince`,
 * and, where there is an address to sign in with, the phone number and the accounts at providers. Returns what to announce
 * after the commit.
 */
export async function endOtherWaysInWithin(
  stores: CoreStores,
  userId: string,
  at: Date,
  factorsSince: Date,
): Promise<Revocation[]> {
  const keyIds = await stores.apiKeys.revokeAll(userId, at);
  const ended = keyIds.map((id) => revocationOfKey(id, at));
  await stores.revocations.insert(ended, at);
  await stores.users.clearPhone(userId, at);
  await stores.identities.removeAll(userId);
  await stores.factors.removeAddedSince(userId, factorsSince);
  await stores.passkeys.removeAddedSince(userId, factorsSince);
  if (await stores.users.endSecondFactor(userId)) await stores.factors.removeAll(userId);
  return ended;
}

export type EndAllAccess = ReturnType<typeof createEndAllAccess>;

/** For what is to end however old it is. */
export const EVER = new Date(0);

/** Makes the function that ends every way into an account, but for proving its address. */
export function createEndAllAccess(sessions: Pick<Sessions, 'revokeWithin'>) {
  /**
   * Ends every session, refresh token, device token and API key, the password, the codes and links that were asked for,
   * second factors that were added since `factorsSince`, and, where there is an address to sign in with, the phone number
   * and the accounts at providers. Returns what to announce after the commit.
   */
  return async function endAllAccessWithin(
    stores: CoreStores,
    userId: string,
    at: Date,
    factorsSince: Date,
  ): Promise<Revocation[]> {
    // First, since it locks the account: a sign-in has begun its session before, and that ends too, or waits and is refused.
    await stores.users.clearPassword(userId, at);
    const sessionsEnded = await sessions.revokeWithin(stores, { userId }, 'locked_down');
    const othersEnded = await endOtherWaysInWithin(stores, userId, at, factorsSince);
    await stores.challenges.endAll(userId, ENDED);
    return [...sessionsEnded, ...othersEnded];
  };
}

/** Makes the function that locks an account down for its owner, into which a thief may have got. */
export function createLockDown({
  endAllAccessWithin,
  outbox,
}: {
  readonly endAllAccessWithin: EndAllAccess;
  readonly outbox: Pick<Outbox, 'addWithin' | 'has'>;
}) {
  /**
   * Ends all access, and tells the owner, who chooses another password by POST /password/forgot. Second factors stay that
   * were there before the links of warnings that are still good: a thief who reads the mail must not get rid of them. Returns
   * what to announce after the commit, when the outbox is to be woken as well.
   */
  return async function lockDownWithin(
    stores: CoreStores,
    user: User,
    caller: Caller,
    at: Date,
  ): Promise<Revocation[]> {
    const revoked = await endAllAccessWithin(stores, user.id, at, after(at, -PURPOSES.lockdown.ttlSeconds));
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
