import { type EventType, entryOf } from '../../core/audit/audit.ts';
import type { Core } from '../../core/core.ts';
import { AppError, fieldError } from '../../core/errors.ts';
import type { Quota } from '../../core/limits/quota.ts';
import type { Place } from '../../core/passwords/fair-queue.ts';
import { assertChanged } from '../../core/passwords/policy.ts';
import { ANONYMOUS, type RequestOrigin, userCaller } from '../../core/principal.ts';
import type { SignInEvidence } from '../../core/sessions/sessions.ts';
import {
  type Attempt,
  cancelOnThrow,
  MAX_COMPARISONS,
  wrongPasswordError,
} from '../../core/sign-in/attempts.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import { createComparePassword, type Proof } from '../../core/sign-in/compare-password.ts';
import type { SignInOutcome } from '../../core/sign-in/complete-sign-in.ts';
import type { DeviceOfClient } from '../../core/sign-in/device-tokens.ts';
import {
  delayOfStrangers,
  type FailureKeys,
  hashIdentifier,
  keysOfDevice,
  keysOfSessions,
  keysOfStrangers,
  type TypedIdentifier,
} from '../../core/sign-in/failure-keys.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import { secondFactorRequired } from '../../core/sign-in/second-factor-required.ts';
import { type AnyIdentifier, parseIdentifier } from '../../core/users/identifiers.ts';
import { ownWords, type User } from '../../core/users/user.ts';

export interface Credentials {
  /** An email address or a username. */
  readonly identifier: string;
  readonly password: string;
  /** The new password, where the operator has required one. */
  readonly newPassword?: string | undefined;
}

export type PasswordLogin = ReturnType<typeof createPasswordLogin>;

type LoginOutcome =
  | 'succeeded'
  | 'challenged'
  | 'invalid_credentials'
  | 'locked'
  | 'rate_limited'
  | 'overloaded'
  | 'failed';

/** The device that the failures of a login are counted under, and its id if it has one. */
interface Device {
  readonly keys: FailureKeys;
  /** Whether the account knows it. */
  readonly isKnown: boolean;
  readonly id?: string;
}

/** Signing in with a password. */
export function createPasswordLogin(core: Core) {
  const { store, clock, passwords, attempts, deviceTokens, completeSignIn, keys, observers, config } = core;
  const { tellOfNewDevice } = core;
  const { users } = store;
  const comparePassword = createComparePassword(core);
  const now = () => new Date(clock.now());

  /** `logIn`, counted for the metrics. */
  async function observedLogIn(
    credentials: Credentials,
    client: SignInClient,
  ): Promise<Login & { readonly quota: Quota | undefined }> {
    try {
      const login = await logIn(credentials, client);
      observers.login('succeeded');
      return login;
    } catch (error) {
      observers.login(outcomeOf(error));
      throw error;
    }
  }

  /**
   * Logs a user in by their password.
   * @throws AppError invalid_credentials, the same after the same work whatever was wrong; password_change_required,
   * validation_failed, email_not_verified, second_factor_required, rate_limited, overloaded
   */
  async function logIn(credentials: Credentials, client: SignInClient) {
    const { origin } = client;
    const identifier = parseIdentifier(credentials.identifier);
    const typed = hashIdentifier(keys.appSecrets[0], identifier.kind, identifier.canonical);
    const claimed = claimedAccount(client);
    if (claimed === undefined) attempts.refuseKnownWait(delayOfStrangers(typed));

    let place = passwords.reserve(origin.network, claimed);
    try {
      const user = await find(identifier);
      const device = deviceOf(user, client, typed);
      if (claimed !== undefined && !device.isKnown) {
        // A device of another account is a stranger here, and must not find room by leaving its own place.
        const strangers = passwords.reserve(origin.network);
        place.leave();
        place = strangers;
      }

      const attempt = await attempts.begin(device.keys);
      const signedIn = await cancelOnThrow(
        attempt,
        signIn(user, attempt, credentials, client, device, place),
      );
      if (signedIn === null) {
        attempt.fail();
        await recordFailure(user, attempt, typed, origin);
        throw wrongPasswordError('invalid_credentials', attempt, user?.id);
      }
      const quota = await attempt.succeed();
      if ('challenge' in signedIn.outcome) throw secondFactorRequired(signedIn.outcome.challenge);
      const { grant } = signedIn.outcome;
      return { user: signedIn.user, grant, deviceToken: deviceTokens.issue(signedIn.user, device.id), quota };
    } finally {
      place.leave();
    }
  }

  /**
   * Compares the password and completes the sign-in; null where it is wrong. Compares twice, since a login or a change of the
   * password at the same moment may replace the hash that was compared.
   */
  async function signIn(
    found: User | null,
    { mayMatch }: Attempt,
    credentials: Credentials,
    { transport, origin }: SignInClient,
    device: Device,
    place: Place,
  ): Promise<{ readonly user: User; readonly outcome: SignInOutcome } | null> {
    let user = found;
    for (let comparisons = 0; comparisons < MAX_COMPARISONS; comparisons++) {
      const proof = await comparePassword(mayMatch ? user : null, credentials.password, place);
      if (user === null || proof === null) return null;
      const authentication = { methods: ['pwd'], at: now() };
      const [isNewDevice, deviceId] = [!device.isKnown, device.id ?? null];
      const evidence = {
        method: 'password',
        authentication,
        isNewDevice,
        deviceId,
        transport,
        origin,
      } as const;
      await requireVerifiedEmail(user, origin);
      const newPassword = await requireAcceptable(user, credentials, origin);
      const outcome =
        newPassword === undefined
          ? await completeSignIn(user, {
              ...evidence,
              passwordHash: await currentHash(user, proof, credentials.password, place),
            })
          : await signInWith(newPassword, user, proof, evidence, place);
      if (outcome !== null) return { user: await reread(user), outcome };
      user = await find(parseIdentifier(credentials.identifier));
    }
    return null;
  }

  /**
   * The same as `requiredPassword`, recorded where it refuses.
   * @throws AppError password_change_required, validation_failed
   */
  async function requireAcceptable(
    user: User,
    credentials: Credentials,
    origin: RequestOrigin,
  ): Promise<string | undefined> {
    try {
      return requiredPassword(user, credentials);
    } catch (error) {
      // A thief may have found out the correct password.
      const reason = user.passwordChangeRequiredAt ? 'password_change_required' : 'password_not_demanded';
      await record('login.failed', user, { reason }, origin);
      throw error;
    }
  }

  /** Only after the right password: what is refused here tells that there is such an account. @throws AppError email_not_verified */
  async function requireVerifiedEmail(user: User, origin: RequestOrigin): Promise<void> {
    if (!config.codes.requireVerifiedEmail || user.emailVerifiedAt !== null || user.email === null) return;
    await record('login.failed', user, { reason: 'email_not_verified' }, origin);
    throw new AppError('email_not_verified');
  }

  /**
   * The new password where the operator requires one: no login succeeds without it.
   * @throws AppError password_change_required, validation_failed
   */
  function requiredPassword(user: User, { password, newPassword }: Credentials): string | undefined {
    if (user.passwordChangeRequiredAt === null) {
      // Ignoring new_password would let the client believe that the password was changed.
      if (newPassword !== undefined) throw newPasswordNotRequired();
      return undefined;
    }
    if (newPassword === undefined) throw new AppError('password_change_required');
    passwords.assertAcceptable(newPassword, ownWords(user), '/new_password');
    assertChanged(newPassword, password, '/new_password');
    return newPassword;
  }

  /**
   * Replaces the password and starts a session, or does neither: a client that is refused sends the same again. Null where
   * another login was first.
   * @throws AppError overloaded
   */
  async function signInWith(
    newPassword: string,
    user: User,
    { hash }: Proof,
    evidence: Omit<SignInEvidence, 'passwordHash'>,
    place: Place,
  ): Promise<SignInOutcome | null> {
    const passwordHash = await passwords.hash(newPassword, place);
    const outcome = await store.transaction(async (stores) => {
      const at = now();
      if (!(await stores.users.changePassword(user.id, hash, passwordHash, at))) return null;
      const changed = entryOf('password.changed', userCaller(user.id, evidence.origin), user.id);
      const current = { ...user, passwordHash, passwordChangedAt: at };
      // The device token has ended with the former password.
      const proved = { ...evidence, passwordHash, deviceId: null };
      return completeSignIn(current, proved, { stores, earlier: [changed] });
    });
    if (outcome && 'grant' in outcome && evidence.isNewDevice) await tellOfNewDevice(user, evidence.origin);
    return outcome;
  }

  /** The hash that is stored, renewed where it is outdated; where too many wait for that, the next login will do. */
  async function currentHash(user: User, { hash, outdated }: Proof, password: string, place: Place) {
    if (!outdated) return hash;
    try {
      const renewed = await passwords.hash(password, place);
      return (await users.replacePasswordHash(user.id, hash, renewed)) ? renewed : hash;
    } catch (error) {
      if (error instanceof AppError && error.code === 'overloaded') return hash;
      throw error;
    }
  }

  /** The user after a required change of the password has succeeded. */
  async function reread(user: User): Promise<User> {
    return (user.passwordChangeRequiredAt && (await users.findById(user.id))) ?? user;
  }

  async function find({ kind, canonical, isWellFormed }: AnyIdentifier): Promise<User | null> {
    if (!isWellFormed) return null;
    return kind === 'email' ? users.findByEmail(canonical) : users.findByUsername(canonical);
  }

  /**
   * The account whose device it has been, by credential or device token: whether that is the one it logs in to is known
   * only later. By account, since one device may have logged in a thousand times.
   */
  function claimedAccount({ deviceToken, sessionUserId }: DeviceOfClient): string | undefined {
    if (sessionUserId !== undefined) return deviceTokens.accountOf(sessionUserId);
    return deviceToken === undefined ? undefined : deviceTokens.recognize(deviceToken);
  }

  function deviceOf(
    user: User | null,
    { deviceToken, sessionUserId }: DeviceOfClient,
    typed: TypedIdentifier,
  ): Device {
    const id = deviceToken === undefined ? null : deviceTokens.read(deviceToken, user);
    if (user !== null && id !== null) return { keys: keysOfDevice(user.id, id), isKnown: true, id };
    if (user !== null && sessionUserId === user.id) return { keys: keysOfSessions(user.id), isKnown: true };
    return { keys: keysOfStrangers(typed, user?.id), isKnown: false };
  }

  /** Written also where there is no account, since writing takes time. An unknown identifier is kept as a hash. */
  async function recordFailure(
    user: User | null,
    { mayMatch, locks }: Attempt,
    { noAccount }: TypedIdentifier,
    origin: RequestOrigin,
  ): Promise<void> {
    const reason = mayMatch ? reasonOf(user) : 'locked';
    await record('login.failed', user, user ? { reason } : { reason, identifier: noAccount }, origin);
    if (locks) await record('user.locked', user, {}, origin);
  }

  async function record(
    type: EventType,
    user: User | null,
    details: Record<string, string>,
    origin: RequestOrigin,
  ): Promise<void> {
    const caller = { actor: ANONYMOUS, origin, sessionId: null };
    await store.audit.append(entryOf(type, caller, user?.id ?? null, details, 'failure'), now());
  }

  return observedLogIn;
}

/** For the operator: callers are not told. */
function reasonOf(user: User | null): string {
  if (user === null) return 'unknown_identifier';
  if (user.disabledAt !== null) return 'disabled';
  return user.passwordHash === null ? 'no_password' : 'wrong_password';
}

function newPasswordNotRequired(): AppError {
  const detail = 'This account may keep its password: POST /me/password changes it.';
  return fieldError('/new_password', 'password_not_demanded', detail);
}

function outcomeOf(error: unknown): LoginOutcome {
  if (!(error instanceof AppError)) return 'failed';
  if (error.event?.event === 'password_locked') return 'locked';
  if (error.code === 'second_factor_required') return 'challenged';
  const { code } = error;
  return code === 'invalid_credentials' || code === 'rate_limited' || code === 'overloaded' ? code : 'failed';
}
