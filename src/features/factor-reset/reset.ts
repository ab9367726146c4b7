import { confirmGranterAbove } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Outbox } from '../../core/messages/outbox.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { WarnOwner } from '../../core/sign-in/warn-owner.ts';
import type { CoreStore } from '../../core/stores.ts';

interface FactorResetDependencies {
  readonly store: CoreStore;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'wake'>;
  readonly warnOwnerWithin: WarnOwner;
}

const OWN =
  'These are your own second factors: DELETE /me/factors/totp/{id} and DELETE /me/passkeys/{id} remove them.';

export type FactorReset = ReturnType<typeof createFactorReset>;

/** Makes the function with which an administrator helps a user who has lost their second factors. */
export function createFactorReset({ store, clock, outbox, warnOwnerWithin }: FactorResetDependencies) {
  /**
   * Removes every second factor of a user, their passkeys, recovery codes, remembered devices and wrong codes, and tells
   * them.
   * @throws AppError last_factor for their own, user_not_found, insufficient_scope where the user may do more than the administrator
   */
  return async function resetFactors(userId: string, admin: PrincipalCaller): Promise<void> {
    // Administrators remove their own as every user does: with a fresh factor.
    if (admin.actor.type === 'user' && admin.actor.id === userId) throw new AppError('last_factor', OWN);
    await store.transaction(async (stores) => {
      const at = new Date(clock.now());
      await confirmGranterAbove(stores, admin, userId, at);
      const user = await stores.users.findById(userId);
      if (user === null) throw new AppError('user_not_found');
      await stores.factors.removeAll(userId);
      await stores.passkeys.removeAll(userId);
      await stores.users.endSecondFactor(userId);
      // Wrong codes of what is gone would lock what comes in its place.
      await stores.loginFailures.clearFactors(userId);
      // What was proved with what is gone does not go on.
      await stores.challenges.endAll(userId, ['second_factor', 'factor_code']);
      await stores.audit.append(entryOf('factors.reset', admin, userId), at);
      const warning = { template: 'factors-reset', data: {} } as const;
      await warnOwnerWithin(stores, user, admin.origin, warning, at);
    });
    outbox.wake();
  };
}
