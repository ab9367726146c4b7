import type { SessionStores } from '../sessions/ports.ts';

/** A machine that gets access tokens in its own name (RFC 6749 section 4.4). */
export interface Client {
  readonly id: string;
  readonly name: string;
  /** What its tokens may allow, in order. */
  readonly permissions: readonly string[];
  /** Rises whenever it may do something else; its tokens name the version that they were made with. */
  readonly rightsVersion: Date | null;
  /** Null for never. */
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The oldest first. */
  readonly secrets: readonly ClientSecret[];
}

/** What is kept of a secret: nothing that it could be found from. */
export interface ClientSecret {
  readonly id: string;
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly createdAt: Date;
}

export type NewClient = Omit<Client, 'secrets'>;

export interface ClientChange {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly expiresAt: Date | null;
  readonly updatedAt: Date;
}

/** Where machine clients are kept. */
export interface ClientStore {
  /** @throws AppError unknown_permission */
  readonly insert: (client: NewClient) => Promise<void>;
  readonly find: (id: string) => Promise<Client | null>;
  /** As `find`, in a transaction that the client is not deleted or changed in by anybody else. */
  readonly findForUse: (id: string) => Promise<Client | null>;
  /** As `find`, in a transaction in which nobody else finds it for use or for a change. */
  readonly findForChange: (id: string) => Promise<Client | null>;
  /** In the order of ids, those behind `after` if that is given. */
  readonly list: (limit: number, after: string | undefined) => Promise<Client[]>;
  /** @throws AppError unknown_permission */
  readonly update: (id: string, change: ClientChange) => Promise<void>;
  /** Raises the version of a client that was found for a change; tokens made from now on have it. */
  readonly raiseVersion: (client: Pick<Client, 'id' | 'rightsVersion'>, at: Date) => Promise<Date>;
  /** False where there is none of this id. */
  readonly remove: (id: string) => Promise<boolean>;
  readonly addSecret: (clientId: string, secret: ClientSecret) => Promise<void>;
  /** False where the client has none of this id. */
  readonly removeSecret: (clientId: string, id: string) => Promise<boolean>;
  /** Which of these names belong to no permission. */
  readonly unknownPermissions: (names: readonly string[]) => Promise<string[]>;
  /** The ids of the clients that have a permission. */
  readonly idsWith: (permission: string) => Promise<string[]>;
}

/** What clients need of the database, inside a transaction or outside. */
export interface ClientStores extends SessionStores {
  readonly clients: ClientStore;
}

export interface TransactionalClientStores extends ClientStores {
  /** Runs `work` with stores whose writes take effect together or not at all. It may run more than once. */
  readonly transaction: <Result>(work: (stores: ClientStores) => Promise<Result>) => Promise<Result>;
}
