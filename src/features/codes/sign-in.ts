import { v7 as uuidv7 } from 'uuid';
import { type AuditEntry, entryOf } from '../../core/audit/audit.ts';
import type { Challenge } from '../../core/codes/challenge.ts';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import { NOTICE_SECONDS, noticeOf } from '../../core/messages/notice.ts';
import { type RequestOrigin, userCaller } from '../../core/principal.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import { after } from '../../core/sessions/ending.ts';
import type { SignInMethod } from '../../core/sessions/session.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import type { DeviceOfClient } from '../../core/sign-in/device-tokens.ts';
import type { Proved } from '../../core/sign-in/exchange-codes.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import type { CoreStores } from '../../core/stores.ts';
import { createAccountWithin } from '../../core/users/create-account.ts';
import { parseEmail } from '../../core/users/identifiers.ts';
import type { User } from '../../core/users/user.ts';

/** The client with which an address is proved. */
type ProvingClient = DeviceOfClient & Pick<SignInClient, 'origin'>;

/** What a code or a link for an address proves. */
interface AddressProof {
  readonly method: SignInMethod;
  readonly amr: readonly string[];
}

/** The user who has proved that an address is theirs. */
interface Owner {
  readonly user: User;
  readonly isNew: boolean;
  /** For the audit log, before the entry of the sign-in. */
  readonly earlier: readonly AuditEntry[];
  readonly revoked: readonly Revocation[];
}

/** A login that is not committed yet. */
interface Completed {
  readonly login: Login;
  readonly isNewDevice: boolean;
}

export type CodeSignIn = ReturnType<typeof createCodeSignIn>;

/** How often a sign-in is tried where another request makes the account at the same time. */
const MAX_ATTEMPTS = 3;

/** Signing in, or up, by proving that one reads what is sent to an address. */
export function createCodeSignIn(core: Core) {
  const {
    store,
    codes,
    clock,
    sessions,
    outbox,
    deviceTokens,
    completeSignIn,
    tellOfNewDevice,
    exchangeCodes,
  } = core;
  const { mayCreateAccounts } = core.config.codes;
  const now = () => new Date(clock.now());

  /**
   * Uses a challenge up and begins a session of the account whose address it proves.
   * @throws AppError code_used, invalid_code where the account is disabled or has another address by now
   */
  async function signIn(challenge: Challenge, client: SignInClient): Promise<Login> {
    const { completed, revoked } = await whenAccountIsThere(() =>
      store.transaction(async (stores) => {
        const { user, proved, earlier, revoked } = await redeemWithin(stores, challenge, client);
        return { completed: await complete(stores, user, proved, client, earlier), revoked };
      }),
    );
    await sessions.announce(revoked);
    return finish(completed, client);
  }

  /**
   * Uses a challenge up, and returns a code that the app exchanges for a session.
   * @throws AppError as `signIn`
   */
  async function signInLater(challenge: Challenge, client: ProvingClient): Promise<string> {
    const { code, revoked } = await whenAccountIsThere(() =>
      store.transaction(async (stores) => {
        const { proved, earlier, revoked } = await redeemWithin(stores, challenge, client);
        await stores.audit.appendMany(earlier, now());
        return { code: await exchangeCodes.issueWithin(stores, proved), revoked };
      }),
    );
    await sessions.announce(revoked);
    outbox.wake();
    return code;
  }

  /**
   * Exchanges the code that a page has handed to its app for a session.
   * @throws AppError invalid_link, code_used, code_expired, code_replaced, invalid_code where the account is disabled
   */
  async function exchange(code: string, client: SignInClient, challengeId?: string): Promise<Login> {
    const { proved, useWithin } = await exchangeCodes.read(code, challengeId);
    const completed = await store.transaction(async (stores) => {
      await useWithin(stores);
      const user = await stores.users.findById(proved.userId);
      if (user === null) throw new AppError('invalid_link');
      return complete(stores, user, proved, client, []);
    });
    return finish(completed, client);
  }

  /**
   * Uses a challenge up. Who has proved what by it, what goes into the audit log before the sign-in, and what to announce
   * after the commit.
   */
  async function redeemWithin(stores: CoreStores, challenge: Challenge, client: ProvingClient) {
    await codes.useWithin(stores, challenge);
    const { user, isNew, earlier, revoked } = await ownerOf(stores, challenge, client);
    const proof = { ...proofOf(challenge), at: now(), challengeId: challenge.id };
    const proved: Proved = { ...proof, userId: user.id, isNew };
    return { user, proved, earlier, revoked };
  }

  /** The login, once its user has been told of a new device. */
  async function finish({ login, isNewDevice }: Completed, { origin }: SignInClient): Promise<Login> {
    if (isNewDevice) await tellOfNewDevice(login.user, origin);
    outbox.wake();
    return login;
  }

  /** @throws AppError invalid_code where the account is disabled */
  async function complete(
    stores: CoreStores,
    user: User,
    { method, amr, at, isNew }: Proved,
    client: SignInClient,
    earlier: readonly AuditEntry[],
  ): Promise<Completed> {
    const { transport, origin, deviceToken } = client;
    const isNewDevice = !isNew && !deviceTokens.isKnown(client, user);
    const evidence = {
      method,
      authentication: { methods: amr, at },
      passwordHash: null,
      isNewDevice,
      transport,
      origin,
    };
    const grant = await completeSignIn(user, evidence, { stores, earlier });
    if (grant === null) throw new AppError('invalid_code');
    const deviceId = deviceToken === undefined ? null : deviceTokens.read(deviceToken, user);
    const login = { user, grant, deviceToken: deviceTokens.issue(user, deviceId ?? undefined) };
    return { login, isNewDevice };
  }

  /**
   * The account of an address that was just proved; a new one where there is none.
   * @throws AppError invalid_code where it is disabled, email_taken, phone_taken
   */
  async function ownerOf(stores: CoreStores, challenge: Challenge, client: ProvingClient): Promise<Owner> {
    const address = challenge.address ?? '';
    const isPhone = isPhoneNumber(address);
    const user = await (isPhone ? stores.users.findByPhone(address) : stores.users.findByEmail(address));
    // The address belongs to another account by now.
    if (challenge.userId !== null && user?.id !== challenge.userId) throw new AppError('invalid_code');
    if (user === null) return create(stores, challenge, isPhone, client.origin);
    if (user.disabledAt !== null) throw new AppError('invalid_code');
    if (isPhone || user.emailVerifiedAt !== null) return { user, isNew: false, earlier: [], revoked: [] };
    return claim(stores, user, address, client);
  }

  async function create(
    stores: CoreStores,
    { address, details }: Challenge,
    isPhone: boolean,
    origin: RequestOrigin,
  ): Promise<Owner> {
    if (!mayCreateAccounts) throw new AppError('invalid_code');
    const createdAt = now();
    const { shown = address ?? '' } = (details ?? {}) as { readonly shown?: string };
    const newUser = {
      id: uuidv7({ msecs: createdAt.getTime() }),
      email: isPhone ? null : parseEmail(shown),
      phone: isPhone ? address : null,
      username: null,
      name: null,
      passwordHash: null,
      emailVerifiedAt: isPhone ? null : createdAt,
      createdAt,
    };
    const { user, entry } = await createAccountWithin(stores, newUser, origin);
    return { user, isNew: true, earlier: [entry], revoked: [] };
  }

  /**
   * The first proof of an address ends all access that there was before, and tells so. Otherwise an attacker could make an
   * account with the address of a victim, and wait for them to use it (account pre-hijacking). A device that the account
   * knows is spared: it is that of the person who made the account.
   */
  async function claim(
    stores: CoreStores,
    user: User,
    address: string,
    client: ProvingClient,
  ): Promise<Owner> {
    const at = now();
    const { origin } = client;
    const earlier = [entryOf('email.verified', userCaller(user.id, origin), user.id)];
    await stores.users.verifyEmail(user.id, address, at);
    const verified = { ...user, emailVerifiedAt: at };
    if (deviceTokens.isKnown(client, user)) return { user: verified, isNew: false, earlier, revoked: [] };
    const revoked = await core.endAllAccessWithin(stores, user.id, at);
    const notice = noticeOf({
      user,
      to: user.email ?? address,
      origin,
      template: 'access-ended',
      data: {},
      expiresAt: after(at, NOTICE_SECONDS),
    });
    await outbox.addWithin(stores, notice);
    const claimed = { ...verified, passwordHash: null, passwordChangedAt: at };
    return { user: claimed, isNew: false, earlier, revoked };
  }

  /** Two first sign-ins by one address may run at once: one makes the account, and the other one finds it on its next try. */
  async function whenAccountIsThere<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const isTaken = error instanceof AppError && ['email_taken', 'phone_taken'].includes(error.code);
        if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  return { signIn, signInLater, exchange };
}

/** A code by SMS is both a one-time password and a proof by SMS (RFC 8176). */
function proofOf({ purpose, address }: Challenge): AddressProof {
  if (purpose === 'sign_in_link') return { method: 'email_link', amr: ['otp'] };
  return isPhoneNumber(address ?? '')
    ? { method: 'phone_code', amr: ['otp', 'sms'] }
    : { method: 'email_code', amr: ['otp'] };
}

function isPhoneNumber(address: string): boolean {
  return !address.includes('@');
}
