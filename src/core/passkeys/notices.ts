import { PURPOSES } from '../codes/challenge.ts';
import { issueLinkWithin } from '../codes/issue.ts';
import { noticeOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { RequestOrigin } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';
import { browserNameOf } from '../values/browser-name.ts';
import type { Passkey } from './passkey.ts';

const DAY_SECONDS = 86_400;

export type TellOfPasskey = ReturnType<typeof createTellOfPasskey>;

/** Makes the function that tells the owner of an account what has happened to a passkey. */
export function createTellOfPasskey(outbox: Pick<Outbox, 'addWithin' | 'has'>, publicUrl: string) {
  /** The link in the mail locks the account: a thief may have been at work. Afterwards the outbox is to be woken. */
  return async function tellOfPasskeyWithin(
    stores: CoreStores,
    user: User,
    { name }: Pick<Passkey, 'name'>,
    template: 'passkey-added' | 'passkey-refused',
    origin: RequestOrigin,
    at: Date,
  ): Promise<void> {
    if (user.email === null || !outbox.has('email')) return;
    const lockdown = { purpose: 'lockdown', userId: user.id } as const;
    const { token, expiresAt } = await issueLinkWithin(stores, lockdown, at);
    const notice = noticeOf({
      user,
      to: user.email,
      origin,
      template,
      data: {
        name,
        time: at.toUTCString(),
        network: origin.ip ?? origin.network,
        browser: browserNameOf(origin.userAgent),
        link: `${publicUrl}/lockdown/${token}`,
        days: PURPOSES.lockdown.ttlSeconds / DAY_SECONDS,
      },
      expiresAt,
    });
    await outbox.addWithin(stores, notice);
  };
}
