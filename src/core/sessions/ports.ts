import type { Ledger } from '../audit/audit.ts';
import type { RevocationStore } from '../revocation/revocations.store.ts';

/** One login on one device. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly method: LoginMethod;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** Slides with every refresh, never past `absoluteExpiresAt`. */
  readonly idleExpiresAt: Date;
  readonly absoluteExpiresAt: Date;
  /** The counter of the one refresh token that is good. */
  readonly refreshCounter: number;
  readonly rotatedAt: Date | null;
  /** When an access token of the latest refresh was first used here, which shows that its answer had arrived. */
  readonly confirmedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A session as it was read. */
export interface StoredSession extends Session {
  /** When that was, in seconds of the database's own clock. */
  readonly readAtSeconds: number;
}

/** Names one refresh of a session. */
export type Refreshed = Pick<Session, 'id' | 'refreshCounter'>;

/** How somebody proved who they are. */
export type LoginMethod = 'password';

export type NewSession = Omit<Session, 'rotatedAt' | 'confirmedAt' | 'revokedAt'>;

export type RevocationReason =
  | 'logout'
  | 'ended_by_user'
  | 'password_changed'
  | 'refresh_token_reused'
  | 'ended_by_admin'
  | 'user_disabled'
  | 'too_many_sessions';

/** Which of a user's sessions: all, one, or all but one. */
export interface SessionFilter {
  readonly userId: string;
  readonly id?: string;
  readonly exceptId?: string;
}

/** Where sessions are kept. Each write is one statement, and the database decides every race. */
export interface SessionStore {
  /**
   * False where the user does not exist, is disabled, or no longer has the password hash that the login proved to know, or
   * has to choose another password (null where it proved something else).
   */
  readonly insert: (session: NewSession, provenHash: string | null) => Promise<boolean>;
  /** Removes a session whose tokens nobody has been given. */
  readonly remove: (id: string) => Promise<void>;
  /** Null also where the user is disabled. */
  readonly find: (id: string) => Promise<StoredSession | null>;
  /** The same, and never older than what another node of the database has acknowledged. */
  readonly findCausally: (id: string) => Promise<StoredSession | null>;
  /** A user's sessions that are neither revoked nor expired, the latest used first. */
  readonly listLive: (userId: string, at: Date) => Promise<Session[]>;
  /** The ids of a user's live sessions but for the `keep` that were begun last; at most `keep` of them. */
  readonly listSurplus: (userId: string, keep: number, at: Date) => Promise<string[]>;
  /**
   * Moves the counter of a session to the next. Of many that try it with what they read a single one gets true; nobody
   * does where the session is revoked or expired, or its user disabled. It is rotated `at`, or when the database came to
   * it, if that was much later.
   */
  readonly rotate: (session: StoredSession, at: Date, idleExpiresAt: Date) => Promise<boolean>;
  /** Writes down, for those of these refreshes that are the latest of their sessions, that they arrived. */
  readonly confirm: (refreshes: readonly Refreshed[], at: Date) => Promise<void>;
  /** Revokes what the filter names and is still live. The ids of what this call revoked. */
  readonly revoke: (filter: SessionFilter, reason: RevocationReason, at: Date) => Promise<string[]>;
  /** Removes sessions that expired before `before`. */
  readonly prune: (before: Date) => Promise<void>;
}

/** What somebody may do. */
export interface Holding {
  readonly roles: readonly string[];
  /** The permissions of all these roles, in order, each once. */
  readonly permissions: readonly string[];
}

/** The same, and since when that has been so. */
export interface Rights extends Holding {
  /** Whether the account is there and not disabled. */
  readonly isActive: boolean;
  /** When the user's roles changed last, and then for each role when what it may do changed last: milliseconds. */
  readonly versions: readonly number[];
}

/** A user in a session or by an API key, or a machine. */
export type Holder =
  | { readonly userId: string; readonly sessionId: string | null; readonly apiKeyId: string | null }
  | { readonly clientId: string };

export interface RightsStore {
  /** What a user may do, read in one statement, so that all of it is of one moment. */
  readonly rightsOf: (userId: string) => Promise<Rights>;
  /** The same with how many live sessions the user has. */
  readonly rightsAndSessionsOf: (
    userId: string,
    at: Date,
  ) => Promise<{ readonly rights: Rights; readonly liveSessions: number }>;
  /**
   * Until the end of the transaction nobody else changes what anybody may do. A transaction that changes that, or that
   * touches somebody who might be about to get more, begins with it, so that none decides by what another one is changing.
   */
  readonly lockRanks: () => Promise<void>;
  /**
   * What they may do, which nobody changes before the end of the transaction. Null where they are gone or disabled, or
   * their session or key has ended or expired.
   */
  readonly lockHolding: (holder: Holder, at: Date) => Promise<Holding | null>;
}

export type { Announce, RecordedRevocation, Revocation } from '../revocation/revocation.ts';
export type { RevocationStore, RevocationTable } from '../revocation/revocations.store.ts';

/** What sessions need of the database, inside a transaction or outside. */
export interface SessionStores {
  readonly sessions: SessionStore;
  readonly revocations: RevocationStore;
  readonly rights: RightsStore;
  readonly ledger: Ledger;
}

export interface TransactionalSessionStores extends SessionStores {
  /** Runs `work` with stores whose writes take effect together or not at all. It may run more than once. */
  readonly transaction: <Result>(work: (stores: SessionStores) => Promise<Result>) => Promise<Result>;
}
