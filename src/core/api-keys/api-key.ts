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
