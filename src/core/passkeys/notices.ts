import { circumstancesOf } from '../messages/notice.ts';
import type { RequestOrigin } from '../principal.ts';
import type { WarnOwner } from '../sign-in/warn-owner.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import type { Passkey } from './passkey.ts';

export type TellOfPasskey = ReturnType<typeof createTellOfPasskey>;

/** Makes the function that tells the owner of an account what has happened to a passkey. */
export function createTellOfPasskey(warnOwnerWithin: WarnOwner) {
  /** A thief may have been at work. Afterwards the outbox is to be woken. */
  return async function tellOfPasskeyWithin(
    stores: CoreStores,
    user: User,
    { name }: Pick<Passkey, 'name'>,
    template: 'passkey-added' | 'passkey-removed' | 'passkey-refused',
    origin: RequestOrigin,
    at: Date,
  ): Promise<void> {
    const data = { name, ...circumstancesOf(origin, at) };
    await warnOwnerWithin(stores, user, origin, { template, data }, at);
  };
}
