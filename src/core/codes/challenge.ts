/** What codes and links are for, and how long each is good. */
export const PURPOSES = {
  /** To prove that the address of an account belongs to its owner. */
  email_verification: { ttlSeconds: 86_400 },
  /** The same before there is an account. */
  sign_up: { ttlSeconds: 86_400 },
  /** To prove the address that a user wants to change to. */
  email_change: { ttlSeconds: 86_400 },
  /** To undo a change of the address. */
  email_undo: { ttlSeconds: 7 * 86_400 },
  password_reset: { ttlSeconds: 600 },
  sign_in_code: { ttlSeconds: 600 },
  sign_in_link: { ttlSeconds: 600 },
  phone_change: { ttlSeconds: 600 },
  /** The first factor of a sign-in that waits for the second one. */
  second_factor: { ttlSeconds: 300 },
  /** A code that serves as that second factor. */
  factor_code: { ttlSeconds: 300 },
  /** What a page hands to its app, to be exchanged for a session. */
  exchange: { ttlSeconds: 60 },
  /** To lock the account after a sign-in that was not its owner's. */
  lockdown: { ttlSeconds: 7 * 86_400 },
} as const satisfies Record<string, { readonly ttlSeconds: number }>;

export type Purpose = keyof typeof PURPOSES;

/** A code, a link or both, sent to prove who their holder is or that an address is theirs. */
export interface Challenge {
  /** UUIDv7. The client that asked sends it with the code. */
  readonly id: string;
  readonly purpose: Purpose;
  /** Null where there is no account, or none yet. */
  readonly userId: string | null;
  /** The email address in its canonical form, or the phone number; null where nothing is proved about one. */
  readonly address: string | null;
  /** What its purpose has to know when it is used. */
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
  /** Only the latest challenge of a purpose and a subject is good. Undefined where each of them is. */
  readonly subject?: string;
  readonly userId: string | null;
  readonly address: string | null;
  readonly details?: unknown;
  readonly hasCode: boolean;
  readonly hasLink: boolean;
  /** Where it differs from the lifetime of its purpose. */
  readonly ttlSeconds?: number;
}

/** How often the code of a challenge may be tried. */
export const MAX_TRIES = 5;
