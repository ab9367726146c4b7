import { entryOf } from '../../core/audit/audit.ts';
import type { Challenge } from '../../core/codes/challenge.ts';
import type { GivenCode, SentChallenge } from '../../core/codes/codes.ts';
import { LINK_ERRORS } from '../../core/codes/errors.ts';
import { countSend } from '../../core/codes/limits.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { Count } from '../../core/limits/rate-limiter.ts';
import { NOTICE_SECONDS, noticeOf } from '../../core/messages/notice.ts';
import type { Place } from '../../core/passwords/fair-queue.ts';
import { passwordUnchanged } from '../../core/passwords/policy.ts';
import { anonymousCaller, type RequestOrigin } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import { after } from '../../core/sessions/ending.ts';
import { EVER, endOtherWaysInWithin } from '../../core/sign-in/lock-down.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import { ownWords, type User } from '../../core/users/user.ts';
import { endAccessWithin } from './end-access.ts';
import { createResetLinks } from './reset-links.ts';

/** What comes back: a code, or the token of a link. */
export type ResetProof = GivenCode | { readonly token: string };

/** Enough digits for its owner to recognize a number. */
const PHONE_ENDING = 4;

export type PasswordReset = ReturnType<typeof createPasswordReset>;

/** Another password for people who have forgotten theirs. Hashing never holds a database connection. */
export function createPasswordReset(core: Core) {
  const { store, codes, outbox, passwords, sessions, clock, config, providers } = core;
  const linkOf = createResetLinks(config);
  const now = () => new Date(clock.now());

  /**
   * Sends a code and a link to the stored address of an account, also of one that has no password yet. The answer, its time
   * and the statements are the same where there is no account.
   * @throws AppError rate_limited
   */
  async function forgot(email: Identifier, origin: RequestOrigin, count: Count): Promise<SentChallenge> {
    await countSend(count, codes, email.canonical);
    const user = await store.users.findByEmail(email.canonical);
    const sent = await store.transaction((stores) =>
      codes.sendWithin(stores, {
        purpose: 'password_reset',
        caller: anonymousCaller(origin),
        channel: 'email',
        to: user?.email ?? email.shown,
        address: email.canonical,
        subject: user === null ? codes.nameOf(email.canonical) : `user:${user.id}`,
        userId: user?.id ?? null,
        language: user?.language,
        hasCode: true,
        hasLink: true,
        template: 'reset-password',
        data: ({ code, token, minutes }) => ({ code, minutes, link: linkOf(token) }),
        isDecoy: user === null || user.disabledAt !== null,
      }),
    );
    outbox.wake();
    return sent;
  }

  /** The challenge of a link, for its page. @throws AppError invalid_reset_token */
  async function open(token: string): Promise<Challenge> {
    try {
      return await codes.open(token, ['password_reset']);
    } catch (error) {
      if (!(error instanceof AppError) || !LINK_ERRORS.includes(error.code)) throw error;
      const detail = error.code === 'invalid_link' ? undefined : error.detail;
      throw new AppError('invalid_reset_token', detail);
    }
  }

  /**
   * Changes the password of the user who got a code or a link, ends all of their sessions and forgets all wrong passwords,
   * as every change of a password does. A new password that is refused leaves the link as it is.
   * @throws AppError invalid_reset_token, invalid_code, code_used, code_replaced, code_expired, too_many_tries,
   * validation_failed, rate_limited, overloaded
   */
  async function reset(proof: ResetProof, newPassword: string, origin: RequestOrigin): Promise<void> {
    // Before the proof is looked at, so that a full queue tells nothing about it.
    const place = passwords.reserve(origin.network);
    try {
      const challenge =
        'token' in proof
          ? await open(proof.token)
          : await codes.check(proof, ['password_reset'], anonymousCaller(origin));
      const user = challenge.userId === null ? null : await store.users.findById(challenge.userId);
      if (user === null || !isFor(user, challenge)) throw invalid(proof);
      passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
      await assertOther(user, newPassword, place);
      const hash = await passwords.hash(newPassword, place);
      const revoked = await store.transaction((stores) =>
        change(stores, proof, challenge, user, hash, origin),
      );
      await sessions.announce(revoked);
      outbox.wake();
    } finally {
      place.leave();
    }
  }

  /**
   * A password that has to be replaced may be known to others, so the new one must differ.
   * @throws AppError validation_failed, overloaded
   */
  async function assertOther(user: User, newPassword: string, place: Place): Promise<void> {
    if (user.passwordChangeRequiredAt === null) return;
    const { matches } = await passwords.verify(newPassword, user.passwordHash, place);
    if (matches) throw passwordUnchanged('/new_password');
  }

  async function change(
    stores: CoreStores,
    proof: ResetProof,
    challenge: Challenge,
    user: User,
    hash: string,
    origin: RequestOrigin,
  ): Promise<Revocation[]> {
    const at = now();
    const isUsed =
      (await stores.challenges.use(challenge.id, at)) &&
      (await stores.users.resetPassword(user.id, hash, at, challenge.createdAt));
    if (!isUsed) throw invalid(proof);
    const ended = await proveAddress(stores, proof, challenge, user, at);
    await tell(stores, user, origin, at);
    const entry = entryOf('password.reset', anonymousCaller(origin), user.id);
    return [...ended, ...(await endAccessWithin(stores, sessions, entry, user.id, at))];
  }

  /**
   * The message proves its address, which has to be that of the account still. Where it is the first proof, the API keys and
   * the phone number may be those of an attacker who made the account (account pre-hijacking).
   * @throws AppError invalid_reset_token, invalid_code
   */
  async function proveAddress(
    stores: CoreStores,
    proof: ResetProof,
    { address }: Challenge,
    user: User,
    at: Date,
  ): Promise<Revocation[]> {
    if (address === null) return [];
    if (!(await stores.users.verifyEmail(user.id, address, at))) throw invalid(proof);
    return user.emailVerifiedAt === null ? endOtherWaysInWithin(stores, user.id, at, EVER) : [];
  }

  /** The mail names the API keys, the phone number, the providers and the passkeys that go on working: an attacker may have added them. */
  async function tell(stores: CoreStores, user: User, origin: RequestOrigin, at: Date): Promise<void> {
    if (user.email === null || !outbox.has('email')) return;
    const keys = await stores.apiKeys.listLive(user.id, at);
    // The first proof of the address has removed it.
    const { phone } = (await stores.users.findById(user.id)) ?? user;
    const identities = await stores.identities.list(user.id);
    const passkeys = await stores.passkeys.list(user.id);
    const notice = noticeOf({
      user,
      to: user.email,
      origin,
      template: 'password-reset',
      data: {
        apiKeys: keys.map(({ name }) => name),
        phoneEnding: phone?.slice(-PHONE_ENDING) ?? null,
        providers: identities.map(({ provider }) => providers.get(provider)?.name ?? provider),
        passkeys: passkeys.map(({ name }) => name),
      },
      expiresAt: after(at, NOTICE_SECONDS),
    });
    await outbox.addWithin(stores, notice);
  }

  return { forgot, open, reset };
}

/** Whether the account is active, and still has the password that was forgotten: `resetPassword` makes sure of both. */
function isFor({ disabledAt, passwordChangedAt }: User, { createdAt }: Challenge): boolean {
  if (disabledAt !== null) return false;
  return passwordChangedAt === null || passwordChangedAt <= createdAt;
}

function invalid(proof: ResetProof): AppError {
  return new AppError('token' in proof ? 'invalid_reset_token' : 'invalid_code');
}
