/** The ways to prove a second factor, by the names that clients send. */
export const FACTOR_METHODS = ['totp', 'passkey', 'email_code', 'phone_code', 'recovery_code'] as const;

export type FactorMethod = (typeof FACTOR_METHODS)[number];

/** An authenticator app of a user. */
export interface TotpFactor {
  readonly id: string;
  readonly userId: string;
  /** What its user calls it. */
  readonly name: string | null;
  /** Sealed. */
  readonly secret: string;
  /** The latest time step whose code was used. */
  readonly lastStep: number | null;
  /** Null until a first code has shown that the app has the secret. */
  readonly confirmedAt: Date | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** A device on which its user is not asked for a second factor. */
export interface RememberedDevice {
  readonly id: string;
  readonly userId: string;
  /** As in its device token. */
  readonly deviceId: string;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** How many of each a user has. */
export interface FactorCounts {
  readonly totp: number;
  readonly passkeys: number;
  readonly recoveryCodes: number;
}

/** From then on each recovery code that is used is a warning. */
export const FEW_RECOVERY_CODES = 2;

/** A wrong code can be tried against each of them, so more would make guessing easier. */
export const MAX_TOTP_FACTORS = 3;
