import type { SessionStores } from '../sessions/ports.ts';

/** A person who can log in, as the service keeps them. */
export interface User {
  readonly id: string;
  /** As typed, to show. */
  readonly email: string;
  readonly username: string | null;
  readonly name: string | null;
  readonly passwordHash: string | null;
  readonly emailVerifiedAt: Date | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An identifier as typed, and the canonical form that is compared. */
export interface Identifier {
  readonly shown: string;
  readonly canonical: string;
}

export interface NewUser {
  readonly id: string;
  readonly email: Identifier;
  readonly username: Identifier | null;
  readonly name: string | null;
  readonly passwordHash: string;
  readonly createdAt: Date;
}

export interface ProfileChange {
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** Where people are kept. Each write is one statement, and the database decides every race. */
export interface UserStore {
  /** @throws AppError email_taken or username_taken */
  readonly insert: (user: NewUser) => Promise<User>;
  readonly findById: (id: string) => Promise<User | null>;
  readonly findByEmail: (canonical: string) => Promise<User | null>;
  readonly findByUsername: (canonical: string) => Promise<User | null>;
  /**
   * The changed user, or null where nobody active has this id.
   * @throws AppError username_taken
   */
  readonly updateProfile: (id: string, change: ProfileChange, at: Date) => Promise<User | null>;
  /** False where the stored hash is no longer `from`: somebody else changed or removed it first. */
  readonly replacePasswordHash: (id: string, from: string, to: string, at: Date) => Promise<boolean>;
  /** False where nobody active has this id. */
  readonly disable: (id: string, at: Date) => Promise<boolean>;
  /** False where the stored hash is no longer `passwordHash`. */
  readonly remove: (id: string, passwordHash: string) => Promise<boolean>;
}

/** What accounts need of the database, inside a transaction or outside. */
export interface AccountStores extends SessionStores {
  readonly users: UserStore;
}

export interface AccountStore extends AccountStores {
  /**
   * Runs `work` with stores whose writes take effect together or not at all. It may run more than once, since the
   * database may ask for another try.
   */
  readonly transaction: <Result>(work: (stores: AccountStores) => Promise<Result>) => Promise<Result>;
}
