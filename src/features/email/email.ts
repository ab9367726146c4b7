import { v7 as uuidv7 } from 'uuid';
import { entryOf } from '../../core/audit/audit.ts';
import { type Challenge, PURPOSES, type Purpose } from '../../core/codes/challenge.ts';
import type { SentChallenge } from '../../core/codes/codes.ts';
import { countSend } from '../../core/codes/limits.ts';
import type { PendingSignUp } from '../../core/codes/verify-email.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { NOTICE_SECONDS, noticeOf } from '../../core/messages/notice.ts';
import {
  anonymousCaller,
  type Caller,
  type PrincipalCaller,
  type RequestOrigin,
  type UserPrincipal,
  userCaller,
} from '../../core/principal.ts';
import { after } from '../../core/sessions/ending.ts';
import { requireLiveSession } from '../../core/sign-in/live-session.ts';
import type { CoreStores } from '../../core/stores.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import { createAccountWithin } from '../../core/users/create-account.ts';
import { type Identifier, parseEmail } from '../../core/users/identifiers.ts';
import type { User } from '../../core/users/user.ts';

/** A change of the address, of a challenge that proves it or undoes it. */
interface ChangeDetails {
  readonly to: Identifier;
  readonly from: Identifier | null;
}

export type Email = ReturnType<typeof createEmail>;

const VERIFYING: readonly Purpose[] = ['email_verification', 'email_change', 'sign_up'];
const DAY_SECONDS = 86_400;

/** Proving an email address, changing it, and undoing a change. */
export function createEmail(core: Core) {
  const { store, codes, outbox, clock, config, sessions, lockDownWithin, sendVerificationWithin } = core;
  const { publicUrl } = config.http;
  const now = () => new Date(clock.now());

  /**
   * Sends another code and link where the address is that of an account and not verified, or of a sign-up that waits for it.
   * The answer does not tell.
   * @throws AppError rate_limited
   */
  async function resend(email: Identifier, origin: RequestOrigin, count: Count): Promise<SentChallenge> {
    await countSend(count, codes, email.canonical);
    const user = await store.users.findByEmail(email.canonical);
    const waits = user !== null && user.disabledAt === null && user.emailVerifiedAt === null;
    const signUp = await codes.findLatest('sign_up', codes.nameOf(email.canonical));
    const pending = user === null ? signUp : null;
    const sent = await store.transaction((stores) =>
      sendVerificationWithin(stores, {
        purpose: pending === null ? 'email_verification' : 'sign_up',
        details: pending?.details as PendingSignUp | undefined,
        caller: anonymousCaller(origin),
        email: { canonical: email.canonical, shown: user?.email ?? email.shown },
        userId: user?.id ?? null,
        language: user?.language,
        isDecoy: !waits && pending === null,
      }),
    );
    outbox.wake();
    return sent;
  }

  /**
   * Sends a code and a link to another address, which is that of the account once it is proved. Where it belongs to another
   * account, only the owner of that is told.
   * @throws AppError token_revoked, validation_failed, rate_limited
   */
  async function requestChange(
    caller: PrincipalCaller<UserPrincipal>,
    email: Identifier,
    count: Count,
  ): Promise<SentChallenge> {
    const { userId } = caller.principal;
    await countSend(count, codes, email.canonical, userId);
    const user = await requireActiveUser(store.users, userId);
    const owner = await store.users.findByEmail(email.canonical);
    const details: ChangeDetails = { to: email, from: user.email === null ? null : parseEmail(user.email) };
    const isTaken = owner !== null && owner.id !== userId;
    const request = {
      purpose: 'email_change',
      caller,
      channel: 'email',
      to: isTaken ? (owner.email ?? '') : email.shown,
      address: email.canonical,
      subject: `user:${userId}`,
      userId,
      details,
      language: isTaken ? owner.language : user.language,
      hasCode: true,
      hasLink: !isTaken,
    } as const;
    const sent = await store.transaction(async (stores) => {
      await requireLiveSession(stores, caller, now());
      return isTaken
        ? codes.sendWithin(stores, {
            ...request,
            template: 'email-in-use',
            data: () => ({}),
            isDecoy: owner.disabledAt !== null,
          })
        : codes.sendWithin(stores, {
            ...request,
            template: 'change-email',
            data: ({ code, token, minutes }) => ({
              code,
              minutes,
              link: `${publicUrl}/email/verify/${token}`,
            }),
          });
    });
    outbox.wake();
    return sent;
  }

  /**
   * The challenge of a code or a link for an address.
   * @throws AppError invalid_code, code_used, code_replaced, code_expired, too_many_tries, rate_limited
   */
  function check(given: { readonly id: string; readonly code: string }, origin: RequestOrigin) {
    return codes.check(given, VERIFYING, anonymousCaller(origin));
  }

  /** @throws AppError invalid_link, code_used, code_replaced, code_expired */
  function open(token: string) {
    return codes.open(token, VERIFYING);
  }

  /**
   * Does what an address was to be proved for.
   * @throws AppError code_used, invalid_code where the account has another address by now, email_taken
   */
  async function verify(challenge: Challenge, origin: RequestOrigin): Promise<void> {
    await store.transaction(async (stores) => {
      await codes.useWithin(stores, challenge);
      if (challenge.purpose === 'sign_up') await signUp(stores, challenge, origin);
      else if (challenge.purpose === 'email_change') await change(stores, challenge, origin);
      else await confirm(stores, challenge, origin);
    });
    outbox.wake();
  }

  async function confirm(stores: CoreStores, { userId, address }: Challenge, origin: RequestOrigin) {
    const at = now();
    const isVerified = userId !== null && (await stores.users.verifyEmail(userId, address ?? '', at));
    if (!isVerified) throw new AppError('invalid_code');
    await stores.audit.append(entryOf('email.verified', userCaller(userId, origin), userId), at);
  }

  async function signUp(stores: CoreStores, { details }: Challenge, origin: RequestOrigin) {
    const { email, name, passwordHash } = details as PendingSignUp;
    const createdAt = now();
    const { entry } = await createAccountWithin(
      stores,
      {
        id: uuidv7({ msecs: createdAt.getTime() }),
        email,
        username: null,
        name,
        passwordHash,
        emailVerifiedAt: createdAt,
        createdAt,
      },
      origin,
    );
    await stores.audit.append(entry, createdAt);
  }

  async function change(stores: CoreStores, { userId, details }: Challenge, origin: RequestOrigin) {
    const at = now();
    const { to, from } = details as ChangeDetails;
    const user = userId === null ? null : await stores.users.findById(userId);
    const isChanged = user && (await stores.users.changeEmail(user.id, from?.canonical ?? null, to, at));
    if (!isChanged) throw new AppError('invalid_code');
    const caller = userCaller(user.id, origin);
    await stores.audit.append(entryOf('email.changed', caller, user.id), at);
    if (from !== null) await tellFormerAddress(stores, user, { to, from }, origin);
  }

  /** The link in it takes the account over, so it goes only to an address that was proved: another may be a stranger's. */
  async function tellFormerAddress(
    stores: CoreStores,
    user: User,
    details: ChangeDetails & { readonly from: Identifier },
    origin: RequestOrigin,
  ) {
    const { shown: email } = details.to;
    const addressed = { user, to: details.from.shown, origin };
    if (user.emailVerifiedAt === null) {
      const expiresAt = after(now(), NOTICE_SECONDS);
      const notice = noticeOf({ ...addressed, template: 'email-replaced', data: { email }, expiresAt });
      return outbox.addWithin(stores, notice);
    }
    const { token, expiresAt } = await codes.issueWithin(stores, {
      // Without a subject, so that each change has a link of its own: a thief must not end the owner's by another change.
      purpose: 'email_undo',
      userId: user.id,
      address: null,
      details,
      hasCode: false,
      hasLink: true,
    });
    const link = `${publicUrl}/email/undo/${token}`;
    const days = PURPOSES.email_undo.ttlSeconds / DAY_SECONDS;
    const notice = noticeOf({
      ...addressed,
      template: 'email-changed',
      data: { email, link, days },
      expiresAt,
    });
    return outbox.addWithin(stores, notice);
  }

  /** The former address that a link gives back. @throws AppError invalid_link, code_used, code_replaced, code_expired */
  async function openUndo(token: string): Promise<{ readonly challenge: Challenge; readonly email: string }> {
    const challenge = await codes.open(token, ['email_undo']);
    return { challenge, email: (challenge.details as ChangeDetails).from?.shown ?? '' };
  }

  /**
   * Gives an account its former address back, whatever its address is now and whichever account has the former one, and
   * locks the account down: the thief who changed the address may know the password. Later changes were the thief's, so
   * their links end; those of earlier changes stay good.
   * @throws AppError code_used, invalid_link, email_taken where a sign-up with the address is faster
   */
  async function undo(challenge: Challenge, origin: RequestOrigin): Promise<void> {
    const { userId, details } = challenge;
    const { from } = details as ChangeDetails;
    const revoked = await store.transaction(async (stores) => {
      await codes.useWithin(stores, challenge);
      const at = now();
      const user = userId === null ? null : await stores.users.findById(userId);
      if (user === null || from === null) throw new AppError('invalid_link');
      const caller = anonymousCaller(origin);
      await takeFromHolder(stores, user.id, from, caller);
      if (!(await stores.users.restoreEmail(user.id, from, at))) throw new AppError('invalid_link');
      await stores.challenges.endAll(user.id, ['email_undo'], challenge.createdAt);
      await stores.audit.append(entryOf('email.restored', caller, user.id), at);
      return lockDownWithin(stores, { ...user, email: from.shown }, caller, at);
    });
    await sessions.announce(revoked);
    outbox.wake();
  }

  /** The other account may be the thief's, or one that the owner got since by signing in with a code. */
  async function takeFromHolder(
    stores: CoreStores,
    userId: string,
    { canonical }: Identifier,
    caller: Caller,
  ) {
    const holder = await stores.users.findByEmail(canonical);
    if (holder === null || holder.id === userId) return;
    const at = now();
    await stores.users.clearEmail(holder.id, canonical, at);
    await stores.audit.append(entryOf('email.changed', caller, holder.id), at);
  }

  return { resend, requestChange, check, open, verify, openUndo, undo };
}
