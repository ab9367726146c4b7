/** What codes and links are for, and how long each is good. */
export const PURPOSES = {
  /** That the address of an account is its owner's. */
  email_verification: { ttlSeconds: 86_400 },
  /** The same before there is an account. */
  sign_up: { ttlSeconds: 86_400 },
  /** That the address is theirs which a user wants to change to. */
  email_change: { ttlSeconds: 86_400 },
  /** To take a change of the address back. */
  email_undo: { ttlSeconds: 7 * 86_400 },
  password_reset: { ttlSeconds: 600 },
  sign_in_code: { ttlSeconds: 600 },
  sign_in_link: { ttlSeconds: 600 },
  phone_change: { ttlSeconds: 600 },
  /** What a page hands to its app, to be changed for a session. */
  exchange: { ttlSeconds: 60 },
  /** That a sign-in was somebody else's. */
  lockdown: { ttlSeconds: 7 * 86_400 },
} as const satisfies Record<string, { readonly ttlSeconds: number }>;

export type Purpose = keyof typeof PURPOSES;

/** Something that was sent to prove who one is, or that an address is theirs: a code, a link or both. */
export interface Challenge {
  /** Named by the client that asked. UUIDv7. */
  readonly id: string;
  readonly purpose: Purpose;
  /** Null where there is no account, or none yet. */
  readonly userId: string | null;
  /** The address in its canonical form, where it has a code. */
  readonly address: string | null;
  /** What its purpose needs to know when it is used. */
  readonly details: unknown;
  readonly codeMac: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
  /** False once a newer one has taken its place. */
  readonly isLatest: boolean;
}

export interface NewChallenge {
  readonly purpose: Purpose;
  /** Of those with one purpose and one subject only the latest is good. */
  readonly subject: string;
  readonly userId: string | null;
  readonly address: string | null;
  readonly details?: unknown;
  readonly hasCode: boolean;
  readonly hasLink: boolean;
  /** Where it differs from that of its purpose. */
  readonly ttlSeconds?: number;
}

/** Wrong codes before a challenge is spent. */
export const MAX_TRIES = 5;
