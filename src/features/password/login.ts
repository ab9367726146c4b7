import { type EventType, entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Quota } from '../../core/limits/quota.ts';
import type { Place } from '../../core/passwords/fair-queue.ts';
import type { Passwords } from '../../core/passwords/passwords.ts';
import { ANONYMOUS, type RequestOrigin } from '../../core/principal.ts';
import type { SessionGrant, Sessions } from '../../core/sessions/sessions.ts';
import {
  delayOfStrangers,
  hashIdentifier,
  keysOfDevice,
  keysOfSessions,
  keysOfStrangers,
  type LoginGuard,
  type TypedIdentifier,
} from '../../core/sign-in/attempts.ts';
import type { DeviceTokens } from '../../core/sign-in/device-tokens.ts';
import type { SigningKey } from '../../core/tokens/keys.ts';
import { parseEmail, parseUsername } from '../../core/users/identifiers.ts';
import type { AccountStore, FailureKeys, IdentifierKind, User } from '../../core/users/ports.ts';
import type { PasswordCheck, Proof, Prove } from './password-check.ts';
import { createRehash } from './rehash.ts';

export interface LoginDependencies {
  readonly store: AccountStore;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly check: PasswordCheck;
  readonly guard: LoginGuard;
  readonly sessions: Sessions;
  readonly deviceTokens: DeviceTokens;
  /** Hashes identifiers that nobody has. */
  readonly secret: SigningKey;
  /** Told how each login ended, for the metrics. */
  readonly onLogin?: (outcome: LoginOutcome) => void;
}

export type LoginOutcome =
  | 'succeeded'
  | 'invalid_credentials'
  | 'locked'
  | 'rate_limited'
  | 'overloaded'
  | 'failed';

/** Exactly one of `email` and `username` is given. */
export interface Credentials {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  readonly password: string;
  /** In place of the present one, where another one is demanded. */
  readonly newPassword?: string | undefined;
}

/** What a login can show of earlier ones, so that others' failures do not count against it. */
export interface KnownDevice {
  readonly deviceToken?: string | undefined;
  /** Whose live session it has. */
  readonly session?: { readonly userId: string } | undefined;
}

/** What its failures are counted under, and its id if it has one. */
interface Device {
  readonly keys: FailureKeys;
  /** Whether the account knows it. */
  readonly isKnown: boolean;
  readonly id?: string;
}

export interface Login {
  readonly user: User;
  readonly grant: SessionGrant;
  readonly deviceToken: string;
  readonly quota: Quota | undefined;
}

export function createLogin(dependencies: LoginDependencies) {
  const {
    store,
    clock,
    passwords,
    check,
    guard,
    sessions,
    deviceTokens,
    secret,
    onLogin = () => {},
  } = dependencies;
  const { users } = store;
  const rehash = createRehash({ store, passwords, clock });

  /**
   * Logs somebody in by their password.
   * @throws AppError invalid_credentials, the same after the same work whatever was wrong; rate_limited, overloaded
   */
  async function login(
    credentials: Credentials,
    origin: RequestOrigin,
    known: KnownDevice = {},
  ): Promise<Login> {
    try {
      const login = await admitted(credentials, origin, known);
      onLogin('succeeded');
      return login;
    } catch (error) {
      onLogin(outcomeOf(error));
      throw error;
    }
  }

  async function admitted(
    credentials: Credentials,
    origin: RequestOrigin,
    known: KnownDevice,
  ): Promise<Login> {
    const typed = hashTyped(credentials);
    const claimed = claimedAccount(known);
    if (claimed === undefined) guard.refuseKnownWait(delayOfStrangers(typed));
    let place = passwords.reserve(origin.network, claimed);
    try {
      const user = await find(credentials);
      const device = deviceOf(user, known, typed);
      if (claimed !== undefined && !device.isKnown) {
        // A device of another account is a stranger here, and must not find room by leaving its own place.
        const strangers = passwords.reserve(origin.network);
        place.leave();
        place = strangers;
      }
      return await attempt(credentials, origin, user, typed, device, place);
    } finally {
      place.leave();
    }
  }

  async function attempt(
    credentials: Credentials,
    origin: RequestOrigin,
    user: User | null,
    typed: TypedIdentifier,
    device: Device,
    place: Place,
  ): Promise<Login> {
    const { result, quota, locked, mayMatch } = await check.attempt(device.keys, (prove) =>
      start(credentials, origin, user, prove, place),
    );
    if (result !== null) return { ...result, deviceToken: deviceTokens.issue(result.user, device.id), quota };
    await recordFailure(user, mayMatch ? reasonOf(user) : 'locked', typed, origin);
    if (locked) await record('user.locked', user, {}, origin);
    const event = locked && user ? lockedEvent(user.id) : undefined;
    throw new AppError('invalid_credentials', undefined, { quota, ...(event && { event }) });
  }

  /** Written for nobody as well, since what is written takes time. Nobody's identifier is kept as a hash. */
  function recordFailure(
    user: User | null,
    reason: string,
    { nobody }: TypedIdentifier,
    origin: RequestOrigin,
  ) {
    return record('login.failed', user, user ? { reason } : { reason, identifier: nobody }, origin);
  }

  async function record(
    type: EventType,
    user: User | null,
    details: Record<string, string>,
    origin: RequestOrigin,
  ): Promise<void> {
    const caller = { actor: ANONYMOUS, origin, sessionId: null };
    await store.ledger.append(
      entryOf(type, caller, user?.id ?? null, details, 'failure'),
      new Date(clock.now()),
    );
  }

  /**
   * Compares the password and starts a session; null where it is wrong. Tries twice, since a login or a change of the
   * password at the same moment may replace the hash that was compared.
   */
  async function start(
    credentials: Credentials,
    origin: RequestOrigin,
    found: User | null,
    prove: Prove,
    place: Place,
  ) {
    let user = found;
    for (let tries = 0; tries < 2; tries++) {
      const proof = await prove(user, credentials.password, place);
      if (user === null || proof === null) return null;
      const passwordHash = await settleHash(user, proof, credentials, origin, place);
      const grant = await sessions.start(user.id, { method: 'password', origin, passwordHash });
      if (grant !== null) return { user: await afterwards(user), grant };
      user = await find(credentials);
    }
    return null;
  }

  /** Records whom it does not let in for want of a new password: a thief may have found the right one out. */
  async function settleHash(
    user: User,
    proof: Proof,
    credentials: Credentials,
    origin: RequestOrigin,
    place: Place,
  ) {
    try {
      return await rehash(user, proof, credentials, origin, place);
    } catch (error) {
      if (error instanceof AppError && error.code !== 'database_unavailable') {
        const isDemanded = user.passwordChangeRequiredAt !== null;
        const reason = isDemanded ? 'password_change_required' : 'password_not_demanded';
        await record('login.failed', user, { reason }, origin);
      }
      throw error;
    }
  }

  /** The user as they are once another password was demanded and has been taken. */
  async function afterwards(user: User): Promise<User> {
    return (user.passwordChangeRequiredAt && (await users.findById(user.id))) ?? user;
  }

  async function find({ email, username }: Credentials): Promise<User | null> {
    if (email !== undefined) {
      const parsed = parseEmail(email);
      return parsed && users.findByEmail(parsed.canonical);
    }
    const parsed = parseUsername(username ?? '');
    return parsed && users.findByUsername(parsed.canonical);
  }

  function hashTyped({ email, username }: Credentials): TypedIdentifier {
    const kind: IdentifierKind = email === undefined ? 'username' : 'email';
    const typed = email ?? username ?? '';
    const canonical = (kind === 'email' ? parseEmail(typed) : parseUsername(typed))?.canonical ?? typed;
    return hashIdentifier(secret, kind, canonical);
  }

  /**
   * What names the account whose device it has been, or says so credibly: whether that is the one it logs in to is known
   * only later. By account, since whoever has one may have logged in a thousand times.
   */
  function claimedAccount({ deviceToken, session }: KnownDevice): string | undefined {
    if (session !== undefined) return deviceTokens.accountOf(session.userId);
    return deviceToken === undefined ? undefined : deviceTokens.recognize(deviceToken);
  }

  function deviceOf(
    user: User | null,
    { deviceToken, session }: KnownDevice,
    typed: TypedIdentifier,
  ): Device {
    const id = deviceToken === undefined ? null : deviceTokens.read(deviceToken, user);
    if (user !== null && id !== null) return { keys: keysOfDevice(user.id, id), isKnown: true, id };
    if (user !== null && session?.userId === user.id) {
      return { keys: keysOfSessions(user.id), isKnown: true };
    }
    return { keys: keysOfStrangers(typed, user?.id), isKnown: false };
  }

  return login;
}

/** For the operator: callers are told nothing of the kind. */
function reasonOf(user: User | null): string {
  if (user === null) return 'unknown_identifier';
  if (user.disabledAt !== null) return 'disabled';
  return user.passwordHash === null ? 'no_password' : 'wrong_password';
}

/** What the log says when an account, or a session, takes no password any more. */
export function lockedEvent(userId: string): Record<string, string> {
  const message = 'an account takes no password any more until it is unlocked';
  return { event: 'password_locked', user_id: userId, message };
}

function outcomeOf(error: unknown): LoginOutcome {
  if (!(error instanceof AppError)) return 'failed';
  if (error.event?.event === 'password_locked') return 'locked';
  const { code } = error;
  return code === 'invalid_credentials' || code === 'rate_limited' || code === 'overloaded' ? code : 'failed';
}
