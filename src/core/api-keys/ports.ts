import type { SessionStores } from '../sessions/ports.ts';

/** A credential for programs that act for a user. The key itself is nowhere, only its hash. */
export interface ApiKey {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** How the key begins and how it ends, to show. */
  readonly prefix: string;
  readonly lastFour: string;
  /** The permissions that it is narrowed to, separated by spaces; null for all that its owner has. */
  readonly scope: string | null;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

export interface NewApiKey extends Omit<ApiKey, 'lastUsedAt' | 'revokedAt'> {
  readonly hash: string;
}

/** Where keys are kept. A key is live as long as it is neither revoked nor expired. */
export interface ApiKeyStore {
  /**
   * To be called in a transaction, in which the owner's keys are counted and nobody else can add one.
   * `no_owner` where nobody active has that id, `too_many` where there are `maxLive` live keys.
   */
  readonly insert: (key: NewApiKey, maxLive: number) => Promise<'inserted' | 'no_owner' | 'too_many'>;
  /** A user's live keys, the latest first. */
  readonly listLive: (userId: string, at: Date) => Promise<ApiKey[]>;
  readonly findLive: (userId: string, id: string, at: Date) => Promise<ApiKey | null>;
  /** Also where the key is revoked or expired; null where there is none. */
  readonly findByHash: (hash: string) => Promise<ApiKey | null>;
  /** False where the user has no such live key: of two who try it one gets true. */
  readonly revoke: (userId: string, id: string, at: Date) => Promise<boolean>;
  /** Writes down a use, unless a later one is known. */
  readonly recordUse: (id: string, at: Date) => Promise<void>;
  /** Those of `ids` that are keys of this user, revoked ones among them. */
  readonly ownedAmong: (userId: string, ids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Removes keys that were revoked or have expired before `before`. */
  readonly prune: (before: Date) => Promise<void>;
}

/** What API keys need of the database, inside a transaction or outside. */
export interface ApiKeyStores extends Pick<SessionStores, 'revocations' | 'rights' | 'ledger'> {
  readonly apiKeys: ApiKeyStore;
}

export interface TransactionalApiKeyStores extends ApiKeyStores {
  /** Runs `work` with stores whose writes take effect together or not at all. It may run more than once. */
  readonly transaction: <Result>(work: (stores: ApiKeyStores) => Promise<Result>) => Promise<Result>;
}
