import { PURPOSES } from '../codes/challenge.ts';
import { issueLinkWithin } from '../codes/issue.ts';
import type { Templates } from '../messages/message.ts';
import { noticeOf } from '../messages/notice.ts';
import type { Outbox } from '../messages/outbox.ts';
import type { RequestOrigin } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { User } from '../users/user.ts';

/** Mails with a link that locks the account, and what each of them says besides. */
export type OwnerWarning = {
  [Name in keyof Templates]: Templates[Name] extends { readonly link: string; readonly days: number }
    ? { readonly template: Name; readonly data: Omit<Templates[Name], 'link' | 'days'> }
    : never;
}[keyof Templates];

interface WarnOwnerDependencies {
  readonly outbox: Pick<Outbox, 'addWithin' | 'has'>;
  readonly publicUrl: string;
}

const DAY_SECONDS = 86_400;

export type WarnOwner = ReturnType<typeof createWarnOwner>;

/** Makes the function that tells the owner of an account of something that a thief may have done. */
export function createWarnOwner({ outbox, publicUrl }: WarnOwnerDependencies) {
  /** Writes the mail down, where there is an address and mail is sent. Wake the outbox after the commit. */
  return async function warnOwnerWithin(
    stores: CoreStores,
    user: User,
    origin: RequestOrigin,
    { template, data }: OwnerWarning,
    at: Date,
  ): Promise<void> {
    if (user.email === null || !outbox.has('email')) return;
    const { token, expiresAt } = await issueLinkWithin(stores, { purpose: 'lockdown', userId: user.id }, at);
    const days = PURPOSES.lockdown.ttlSeconds / DAY_SECONDS;
    const link = `${publicUrl}/lockdown/${token}`;
    const notice = noticeOf({
      user,
      to: user.email,
      origin,
      template,
      data: { ...data, link, days } as Templates[typeof template],
      expiresAt,
    });
    await outbox.addWithin(stores, notice);
  };
}
