import type { Caller } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import type { Identifier } from '../users/identifiers.ts';
import type { Purpose } from './challenge.ts';
import type { Codes, SentChallenge } from './codes.ts';

/** The details of a `sign_up`: an account that is made once its address is proved. */
export interface PendingSignUp {
  readonly email: Identifier;
  readonly name: string | null;
  readonly passwordHash: string;
}

/** A request to prove an address. */
export interface EmailToVerify {
  readonly purpose: Extract<Purpose, 'email_verification' | 'sign_up'>;
  readonly caller: Caller;
  readonly email: Identifier;
  /** Null where there is no account, or none yet. */
  readonly userId: string | null;
  readonly details?: PendingSignUp;
  readonly language?: string | null | undefined;
  readonly isDecoy?: boolean;
}

/** Makes the function that sends the code and the link by which an address is verified. */
export function createSendVerification(codes: Pick<Codes, 'sendWithin' | 'nameOf'>, publicUrl: string) {
  /** Called in the transaction of what it is about. Wake the outbox after the commit. */
  return function sendVerificationWithin(stores: CoreStores, request: EmailToVerify): Promise<SentChallenge> {
    const { email, ...rest } = request;
    return codes.sendWithin(stores, {
      ...rest,
      channel: 'email',
      to: email.shown,
      address: email.canonical,
      // Not the account: each address that it has had has a challenge of its own.
      subject: codes.nameOf(email.canonical),
      hasCode: true,
      hasLink: true,
      template: 'verify-email',
      data: ({ code, token, minutes }) => ({ code, minutes, link: `${publicUrl}/email/verify/${token}` }),
    });
  };
}
