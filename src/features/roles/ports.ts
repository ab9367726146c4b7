import type { SessionStores } from '../../core/sessions/ports.ts';

/** What those may do who have it. */
export interface Role {
  readonly name: string;
  readonly description: string | null;
  /** In order, each once. */
  readonly permissions: readonly string[];
  /** Rises whenever the permissions change; tokens with an earlier one are refused. */
  readonly version: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewRole {
  readonly name: string;
  readonly description: string | null;
  readonly permissions: readonly string[];
}

export interface RoleChange {
  readonly description?: string | null | undefined;
  readonly permissions?: readonly string[] | undefined;
}

/** Where roles are kept. */
export interface RoleStore {
  /** In the order of their names, those after the name `after` if that is given. */
  readonly list: (limit: number, after: string | undefined) => Promise<Role[]>;
  /** In a transaction, nobody gets the role or loses it before that ends. */
  readonly find: (name: string) => Promise<Role | null>;
  /** The roles that have a permission. */
  readonly listWith: (permission: string) => Promise<Role[]>;
  /**
   * Its version is later than that of any role that had the name before.
   * @throws AppError role_taken, unknown_permission
   */
  readonly insert: (role: NewRole, at: Date) => Promise<Role>;
  readonly describe: (name: string, description: string | null, at: Date) => Promise<void>;
  /** @throws AppError unknown_permission */
  readonly setPermissions: (role: Role, permissions: readonly string[]) => Promise<void>;
  /** Gives these roles one version that is later than the version of each. */
  readonly raiseVersions: (roles: readonly Role[], at: Date) => Promise<Date>;
  readonly remove: (name: string) => Promise<void>;
  /** Whether more than `count` users have the role. */
  readonly hasMoreUsersThan: (name: string, count: number) => Promise<boolean>;
  /** Takes the role away from all its users, some thousands at a time; never in a transaction. */
  readonly takeFromAll: (name: string) => Promise<void>;
  /** Whether some user of the role has permissions that are together, with spaces between, longer than `bytes`. */
  readonly hasUserBeyond: (name: string, bytes: number) => Promise<boolean>;
}

/** Something that can be allowed: `resource:action`. */
export interface Permission {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

/** Where permissions are kept. */
export interface PermissionStore {
  /** In the order of their names, those after the name `after` if that is given. */
  readonly list: (limit: number, after: string | undefined) => Promise<Permission[]>;
  /** @throws AppError permission_taken */
  readonly insert: (permission: Permission) => Promise<void>;
  /** In a transaction, no role gets it before that ends. */
  readonly find: (name: string) => Promise<Permission | null>;
  readonly describe: (name: string, description: string | null) => Promise<void>;
  /** Also takes it away from all roles. */
  readonly remove: (name: string) => Promise<void>;
}

/** What roles need of the database, inside a transaction or outside. */
export interface RoleStores extends SessionStores {
  readonly roles: RoleStore;
  readonly permissions: PermissionStore;
}

export interface TransactionalRoleStores extends RoleStores {
  /** Runs `work` with stores whose writes take effect together or not at all. It may run more than once. */
  readonly transaction: <Result>(work: (stores: RoleStores) => Promise<Result>) => Promise<Result>;
}
