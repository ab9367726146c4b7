/** An account of a user at a provider, by which they sign in. */
export interface Identity {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** As the provider last wrote it; null where it gave none. */
  readonly email: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

/** An identity with what is kept of its tokens. */
export interface StoredIdentity extends Identity {
  /** Sealed; null where there are none. */
  readonly tokens: string | null;
}

/** What makes an identity unique. The same subject at another issuer is another person. */
export type IdentityKey = Pick<Identity, 'provider' | 'issuer' | 'subject'>;

/** What changes with each sign-in. Without `tokens` the stored ones stay. */
export type IdentityUse = Pick<StoredIdentity, 'email' | 'lastUsedAt'> &
  Partial<Pick<StoredIdentity, 'tokens'>>;
