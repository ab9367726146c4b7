import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Rate } from '../limits/quota.ts';
import { circumstancesOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { RequestOrigin } from '../principal.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { WarnOwner } from './warn-owner.ts';

export interface NewDeviceDependencies {
  readonly store: CoreStore;
  readonly outbox: Pick<Outbox, 'has' | 'wake'>;
  readonly warnOwnerWithin: WarnOwner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isEnabled: boolean;
}

export type NewDeviceNotice = ReturnType<typeof createNewDeviceNotice>;

/** Otherwise someone who knows a password could flood its owner with mail, and anyone by an account with their address. */
const NOTICES: Rate = { limit: 10, windowSeconds: 3_600 };

/** Makes the function that tells people of a sign-in on a device that their account has not seen. */
export function createNewDeviceNotice(dependencies: NewDeviceDependencies) {
  const { store, outbox, warnOwnerWithin, clock, logger, isEnabled } = dependencies;

  /** Called after the sign-in, which stands even where the notice cannot be written down; that is logged. */
  return async function tellOfNewDevice(user: User, origin: RequestOrigin): Promise<void> {
    if (!isEnabled || user.email === null || !outbox.has('email')) return;
    try {
      await store.transaction((stores) => tellWithin(stores, user, origin));
      outbox.wake();
    } catch (err) {
      logger.error({ err, user_id: user.id }, 'could not tell a user of a sign-in on a new device');
    }
  };

  async function tellWithin(stores: CoreStores, user: User, origin: RequestOrigin): Promise<void> {
    const at = new Date(clock.now());
    const names = [`new-device:${user.id}`];
    await stores.counts.prepare(names, at, NOTICES);
    if (!(await stores.counts.take(names, at, NOTICES))) return;
    // Each sign-in has a link of its own.
    await warnOwnerWithin(
      stores,
      user,
      origin,
      { template: 'new-device', data: circumstancesOf(origin, at) },
      at,
    );
  }
}
