import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { NOTICE_SECONDS, noticeOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import { type RequestOrigin, userCaller } from '../principal.ts';
import { after } from '../sessions/ending.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { DeviceOfClient, DeviceTokens } from './device-tokens.ts';
import { type EndAllAccess, EVER } from './lock-down.ts';
import type { Owner } from './proved-sign-in.ts';

interface ClaimDependencies {
  readonly endAllAccessWithin: EndAllAccess;
  readonly outbox: Pick<Outbox, 'addWithin'>;
  readonly deviceTokens: Pick<DeviceTokens, 'isKnown'>;
  readonly clock: Clock;
}

/** The client with which an address is proved. */
export interface ProvingClient extends DeviceOfClient {
  readonly origin: RequestOrigin;
}

export type ClaimAccount = ReturnType<typeof createClaimAccount>;

/** Makes the function for the first proof of the address of an account. */
export function createClaimAccount({ endAllAccessWithin, outbox, deviceTokens, clock }: ClaimDependencies) {
  /**
   * The first proof of an address ends all access that there was before, and tells so. Otherwise an attacker could make an
   * account with the address of a victim, and wait for them to use it (account pre-hijacking). A device that the account
   * knows is spared: it is that of the person who made the account.
   * @throws AppError email_taken where another request was first: the sign-in then runs again (`whenAccountIsThere`)
   */
  return async function claimWithin(
    stores: CoreStores,
    user: User,
    address: string,
    client: ProvingClient,
  ): Promise<Owner> {
    const at = new Date(clock.now());
    const { origin } = client;
    const earlier = [entryOf('email.verified', userCaller(user.id, origin), user.id)];
    // Where another request was first, this proof is not the first one, and must not end the session that began there.
    if (!(await stores.users.verifyEmailFirst(user.id, address, at))) throw new AppError('email_taken');
    const verified = { ...user, emailVerifiedAt: at };
    if (deviceTokens.isKnown(client, user)) return { user: verified, isNew: false, earlier, revoked: [] };
    const revoked = await endAllAccessWithin(stores, user.id, at, EVER);
    const notice = noticeOf({
      user,
      to: user.email ?? address,
      origin,
      template: 'access-ended',
      data: {},
      expiresAt: after(at, NOTICE_SECONDS),
    });
    await outbox.addWithin(stores, notice);
    const claimed = { ...verified, passwordHash: null, passwordChangedAt: at, secondFactorSince: null };
    return { user: claimed, isNew: false, earlier, revoked };
  };
}
