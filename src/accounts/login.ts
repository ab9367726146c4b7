import { AppError } from '../errors.ts';
import type { RequestOrigin } from '../http/device.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Quota } from '../quota.ts';
import type { SessionGrant, Sessions } from '../sessions/service.ts';
import type { SigningKey } from '../tokens/keys.ts';
import type { DeviceTokens } from './device-token.ts';
import { parseEmail, parseUsername } from './identifiers.ts';
import { accountOfNobody, type LoginSubject, STRANGERS } from './login-guard.ts';
import type { PasswordCheck, Proof, Prove } from './password-check.ts';
import type { AccountStore, IdentifierKind, User } from './ports.ts';

export interface LoginDependencies {
  readonly store: AccountStore;
  readonly passwords: Passwords;
  readonly check: PasswordCheck;
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
}

/** What a login can show of earlier ones, so that others' failures do not count against it. */
export interface KnownDevice {
  readonly deviceToken?: string | undefined;
  /** A live session, and whose it is. */
  readonly session?: { readonly userId: string; readonly id: string } | undefined;
}

export interface Login {
  readonly user: User;
  readonly grant: SessionGrant;
  readonly deviceToken: string;
  readonly quota: Quota | undefined;
}

export function createLogin(dependencies: LoginDependencies) {
  const { store, passwords, check, sessions, deviceTokens, secret, onLogin = () => {} } = dependencies;
  const { users } = store;

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
    passwords.demandRoom(origin.network);
    const user = await find(credentials);
    const device = deviceOf(user, known);
    const { result, quota, locked } = await check.attempt(subjectOf(credentials, user, device.key), (prove) =>
      start(credentials, origin, user, prove),
    );
    if (result !== null) return { ...result, deviceToken: deviceTokens.issue(result.user, device.id), quota };
    const event = locked && user ? lockedEvent(user.id) : undefined;
    throw new AppError('invalid_credentials', undefined, { quota, ...(event && { event }) });
  }

  /**
   * Compares the password and starts a session; null where it is wrong. Tries twice, since a login or a change of the
   * password at the same moment may replace the hash that was compared.
   */
  async function start(credentials: Credentials, origin: RequestOrigin, found: User | null, prove: Prove) {
    let user = found;
    for (let tries = 0; tries < 2; tries++) {
      const proof = await prove(user, credentials.password, origin.network);
      if (user === null || proof === null) return null;
      const passwordHash = proof.outdated
        ? await renew(user, proof, credentials.password, origin)
        : proof.hash;
      const grant = await sessions.start(user.id, { method: 'password', device: origin, passwordHash });
      if (grant !== null) return { user, grant };
      user = await find(credentials);
    }
    return null;
  }

  /** The hash that is stored in the end. The next login will do where too many wait to have a password hashed. */
  async function renew(
    user: User,
    { hash }: Proof,
    password: string,
    origin: RequestOrigin,
  ): Promise<string> {
    try {
      const renewed = await passwords.hash(password, origin.network);
      return (await users.replacePasswordHash(user.id, hash, renewed)) ? renewed : hash;
    } catch (error) {
      if (error instanceof AppError && error.code === 'overloaded') return hash;
      throw error;
    }
  }

  async function find({ email, username }: Credentials): Promise<User | null> {
    if (email !== undefined) {
      const parsed = parseEmail(email);
      return parsed && users.findByEmail(parsed.canonical);
    }
    const parsed = parseUsername(username ?? '');
    return parsed && users.findByUsername(parsed.canonical);
  }

  /** Nobody's identifiers are counted like anybody's, or the difference would tell who has an account. */
  function subjectOf({ email, username }: Credentials, user: User | null, device: string): LoginSubject {
    const kind: IdentifierKind = email === undefined ? 'username' : 'email';
    const typed = email ?? username ?? '';
    const canonical = (kind === 'email' ? parseEmail(typed) : parseUsername(typed))?.canonical ?? typed;
    // Computed for everybody, since that takes time.
    const nobody = accountOfNobody(secret, kind, canonical);
    return { account: user?.id ?? nobody, kind, device };
  }

  /** The key that this device's failures are counted under, and its id if it has one. */
  function deviceOf(user: User | null, { deviceToken, session }: KnownDevice): { key: string; id?: string } {
    const id = deviceToken === undefined ? null : deviceTokens.read(deviceToken, user);
    if (id !== null) return { key: `device:${id}`, id };
    if (session !== undefined && session.userId === user?.id) return { key: sessionDevice(session.id) };
    return { key: STRANGERS };
  }

  return login;
}

/** What the log says when an account, or a session, takes no password any more. */
export function lockedEvent(userId: string): Record<string, string> {
  const message = 'an account takes no password any more until it is unlocked';
  return { event: 'password_locked', user_id: userId, message };
}

/** The key that failures of somebody who is logged in are counted under. */
export function sessionDevice(sessionId: string): string {
  return `session:${sessionId}`;
}

function outcomeOf(error: unknown): LoginOutcome {
  if (!(error instanceof AppError)) return 'failed';
  if (error.event?.event === 'password_locked') return 'locked';
  const { code } = error;
  return code === 'invalid_credentials' || code === 'rate_limited' || code === 'overloaded' ? code : 'failed';
}
