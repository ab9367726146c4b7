/** A client that gets access tokens in its own name (RFC 6749 section 4.4). */
export interface Client {
  readonly id: string;
  readonly name: string;
  /** The permissions that its tokens may carry, sorted. */
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

/** The stored part of a secret, from which it cannot be recovered. */
export interface ClientSecret {
  readonly id: string;
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly createdAt: Date;
}

export type NewClient = Omit<Client, 'secrets'>;

export type ClientChange = Pick<Client, 'name' | 'permissions' | 'expiresAt' | 'updatedAt'>;
