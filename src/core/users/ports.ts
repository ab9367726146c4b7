import type { SessionStores } from '../sessions/ports.ts';

/** A person who can log in, as the service keeps them. */
export interface User {
  readonly id: string;
  /** As typed, to show. */
  readonly email: string;
  readonly username: string | null;
  readonly name: string | null;
  readonly passwordHash: string | null;
  /** Null where it is the one that the account was made with. */
  readonly passwordChangedAt: Date | null;
  readonly emailVerifiedAt: Date | null;
  readonly disabledAt: Date | null;
  /** Since when they have to choose another password; null where the present one will do. */
  readonly passwordChangeRequiredAt: Date | null;
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
  /** Null for an account that logs in by other means. */
  readonly passwordHash: string | null;
  readonly emailVerifiedAt?: Date | null;
  readonly createdAt: Date;
}

export interface ProfileChange {
  readonly username?: Identifier | undefined;
  readonly name?: string | null | undefined;
}

/** What an administrator may change. */
export interface UserChange extends ProfileChange {
  readonly email?: Identifier | undefined;
  readonly emailVerified?: boolean | undefined;
}

export interface UserFilter {
  /** The beginning of an email address, a username or an id, in canonical form. */
  readonly search?: string | undefined;
  readonly role?: string | undefined;
  readonly state?: 'active' | 'disabled' | undefined;
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
  /** Another hash of the same password. False where the stored hash is no longer `from`: somebody else was first. */
  readonly replacePasswordHash: (id: string, from: string, to: string) => Promise<boolean>;
  /** The hash of another password. False where the stored hash is no longer `from`. */
  readonly changePassword: (id: string, from: string, to: string, at: Date) => Promise<boolean>;
  /** In the order of their ids, those after the id `after` if that is given. */
  readonly list: (filter: UserFilter, limit: number, after: string | undefined) => Promise<User[]>;
  /**
   * Changes also somebody who is disabled. False where nobody has this id.
   * @throws AppError email_taken, username_taken
   */
  readonly update: (id: string, change: UserChange, at: Date) => Promise<boolean>;
  /** False where nobody disabled has this id. */
  readonly enable: (id: string, at: Date) => Promise<boolean>;
  /** The next login has to bring a new password along. */
  readonly requirePasswordChange: (id: string, at: Date) => Promise<void>;
  /** Whatever their password is. False where nobody has this id. */
  readonly removeAny: (id: string) => Promise<boolean>;
  /** Those of these canonical identifiers that somebody has. */
  readonly taken: (emails: readonly string[], usernames: readonly string[]) => Promise<ReadonlySet<string>>;
  /** All or none. @throws AppError email_taken, username_taken */
  readonly insertMany: (users: readonly NewUser[]) => Promise<void>;
  /** False where nobody active has this id. */
  readonly disable: (id: string, at: Date) => Promise<boolean>;
  /** False where the stored hash is no longer `passwordHash`. */
  readonly remove: (id: string, passwordHash: string) => Promise<boolean>;
}

export type IdentifierKind = 'email' | 'username';

/** What wrong passwords are counted for. */
export interface FailureKey {
  /** The id of a user, or what stands for an identifier. */
  readonly account: string;
  /** Empty for all devices that the account does not know. */
  readonly device: string;
}

/** The two counts of one try, which are the same one for a device that the account knows. */
export interface FailureKeys {
  /** Makes the next try wait. */
  readonly delay: FailureKey;
  /** Locks the account. */
  readonly lock: FailureKey;
}

export interface LoginFailures extends FailureKey {
  /** In a row. After too many the account takes no password any more. */
  readonly failures: number;
  /** The same, but forgotten where none has come for a while. After some the next try has to wait. */
  readonly recentFailures: number;
  readonly failedAt: Date;
  readonly waitsUntilMs: number;
}

/** How long the next try has to wait. */
export interface DelayRule {
  readonly freeFailures: number;
  /** Recent failures are forgotten so long after the last one. */
  readonly forgetSeconds: number;
  readonly maxDelaySeconds: number;
}

/** Where wrong passwords are counted. Each write is one statement, and the database decides every race. */
export interface LoginFailureStore {
  readonly find: (account: string, device: string) => Promise<LoginFailures | null>;
  /**
   * Counts one more failure under both keys, and returns the recent ones of what delays and all of what locks. Null, with
   * nothing counted, where the next try has to wait.
   */
  readonly count: (
    keys: FailureKeys,
    at: Date,
    rule: DelayRule,
  ) => Promise<{ readonly recentFailures: number; readonly failures: number } | null>;
  /** Takes one failure back from both keys. Where none has come since `at`, the last one is again the one before. */
  readonly takeBack: (keys: FailureKeys, at: Date) => Promise<void>;
  /** The password was right: what locks begins anew, while what delays loses only the try of `at`. */
  readonly succeed: (keys: FailureKeys, at: Date) => Promise<void>;
  /** Forgets the failures of an account from all devices; how many of them had some. */
  readonly clearAccount: (account: string) => Promise<number>;
  /** Removes what was counted for no account, or for nothing any more, and not added to since `before`. */
  readonly prune: (before: Date) => Promise<void>;
}

/** Who has which roles. */
export interface UserRoleStore {
  /** @throws AppError unknown_role */
  readonly add: (userId: string, roles: readonly string[]) => Promise<void>;
  /** The same of many users. @throws AppError unknown_role */
  readonly addMany: (given: readonly { userId: string; role: string }[]) => Promise<void>;
  /** The roles of each of these users, in order. */
  readonly rolesOf: (userIds: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
  /** A version of the user's rights that tokens do not have yet, in a transaction. */
  readonly raiseVersion: (userId: string, at: Date) => Promise<Date>;
  /**
   * Makes these the user's only roles, in a transaction. The version from which on tokens hold them.
   * @throws AppError unknown_role
   */
  readonly replace: (userId: string, roles: readonly string[], at: Date) => Promise<Date>;
  /** Those of these names that no role has. */
  readonly unknown: (names: readonly string[]) => Promise<string[]>;
  /** All permissions of these roles, each once. */
  readonly permissionsOf: (roles: readonly string[]) => Promise<string[]>;
  /**
   * How many active users but this one have the role. Until the end of the transaction nobody else is told, so that of
   * two who would each leave the other one waits.
   */
  readonly countOthersWith: (role: string, userId: string) => Promise<number>;
}

/** What accounts need of the database, inside a transaction or outside. */
export interface AccountStores extends SessionStores {
  readonly users: UserStore;
  readonly userRoles: UserRoleStore;
  readonly loginFailures: LoginFailureStore;
}

export interface AccountStore extends AccountStores {
  /**
   * Runs `work` with stores whose writes take effect together or not at all. It may run more than once, since the
   * database may ask for another try.
   */
  readonly transaction: <Result>(work: (stores: AccountStores) => Promise<Result>) => Promise<Result>;
}
