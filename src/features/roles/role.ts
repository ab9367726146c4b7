/** The permissions of its holders. */
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

export type NewRole = Pick<Role, 'name' | 'description' | 'permissions'>;

export interface RoleChange {
  readonly description?: string | null | undefined;
  readonly permissions?: readonly string[] | undefined;
}

/** A permission, named `resource:action`. */
export interface Permission {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Date;
}
