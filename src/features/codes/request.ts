import type { SentChallenge } from '../../core/codes/codes.ts';
import { countSend } from '../../core/codes/limits.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { anonymousCaller, type RequestOrigin } from '../../core/principal.ts';
import type { Transport } from '../../core/sessions/session.ts';
import { requireReturnUrl } from '../../core/sign-in/return-to.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import type { User } from '../../core/users/user.ts';

/** What a sign-in link leads back to, and what the client asked for. */
export interface LinkDetails {
  /** As the address was typed, for a new account. */
  readonly shown: string;
  /** Null where the link shows a code to type. */
  readonly returnTo: string | null;
  readonly transport: Transport;
}

const NO_MAIL = 'This service sends no mail: its operator has not set SMTP_URL and MAIL_FROM.';

export type CodeRequests = ReturnType<typeof createCodeRequests>;

/**
 * Sends what signs people in. The answer, its time and the statements that the database is sent are the same whether or
 * not there is an account.
 */
export function createCodeRequests({ store, codes, phoneCodes, outbox, config }: Core) {
  const { mayCreateAccounts } = config.codes;

  /** @throws AppError channel_not_configured, rate_limited */
  async function sendEmailCode(
    email: Identifier,
    origin: RequestOrigin,
    count: Count,
  ): Promise<SentChallenge> {
    await admitEmail(email, count);
    const user = await store.users.findByEmail(email.canonical);
    return commit((stores) =>
      codes.sendWithin(stores, {
        ...toOwnerOf(email, user, origin),
        purpose: 'sign_in_code',
        details: { shown: email.shown },
        hasCode: true,
        hasLink: false,
        template: 'sign-in-code',
        data: ({ code, minutes }) => ({ code, minutes }),
      }),
    );
  }

  /** @throws AppError channel_not_configured, validation_failed, rate_limited */
  async function sendPhoneCode(phone: string, origin: RequestOrigin, count: Count): Promise<SentChallenge> {
    await phoneCodes.admit(phone, count);
    const user = await store.users.findByPhone(phone);
    return commit((stores) =>
      phoneCodes.sendWithin(stores, {
        caller: anonymousCaller(origin),
        purpose: 'sign_in_code',
        address: phone,
        userId: user?.id ?? null,
        language: user?.language,
        isDecoy: !maySignIn(user),
      }),
    );
  }

  /** @throws AppError channel_not_configured, validation_failed, rate_limited */
  async function sendLink(
    email: Identifier,
    { returnTo, transport }: Omit<LinkDetails, 'shown'>,
    origin: RequestOrigin,
    count: Count,
  ): Promise<SentChallenge> {
    if (returnTo !== null) requireReturnUrl(returnTo, config.codes);
    await admitEmail(email, count);
    const user = await store.users.findByEmail(email.canonical);
    const details: LinkDetails = { shown: email.shown, returnTo, transport };
    return commit((stores) =>
      codes.sendWithin(stores, {
        ...toOwnerOf(email, user, origin),
        purpose: 'sign_in_link',
        details,
        hasCode: false,
        hasLink: true,
        template: 'sign-in-link',
        data: ({ token, minutes }) => ({ link: `${config.http.publicUrl}/login/link/${token}`, minutes }),
      }),
    );
  }

  async function admitEmail(email: Identifier, count: Count): Promise<void> {
    if (!codes.has('email')) throw new AppError('channel_not_configured', NO_MAIL);
    await countSend(count, codes, email.canonical);
  }

  /** A message goes to the address that is stored, and to the one typed only where there is no account yet. */
  function toOwnerOf({ shown, canonical }: Identifier, user: User | null, origin: RequestOrigin) {
    return {
      caller: anonymousCaller(origin),
      channel: 'email' as const,
      to: user?.email ?? shown,
      address: canonical,
      subject: codes.nameOf(canonical),
      userId: user?.id ?? null,
      language: user?.language,
      isDecoy: !maySignIn(user),
    };
  }

  function maySignIn(user: User | null): boolean {
    return user === null ? mayCreateAccounts : user.disabledAt === null;
  }

  async function commit(send: (stores: CoreStores) => Promise<SentChallenge>): Promise<SentChallenge> {
    const sent = await store.transaction(send);
    outbox.wake();
    return sent;
  }

  return { sendEmailCode, sendPhoneCode, sendLink };
}
