/** A passkey of a user: the public half of a key pair whose private half an authenticator holds (WebAuthn). */
export interface Passkey {
  readonly id: string;
  readonly userId: string;
  /** As its owner calls it. */
  readonly name: string;
  /** In base64url, as WebAuthn writes it. */
  readonly credentialId: string;
  /** COSE, in base64url. */
  readonly publicKey: string;
  /** How often the authenticator has signed; always 0 where it does not count. */
  readonly counter: number;
  /** How browsers reach the authenticator, such as `internal` or `usb`. */
  readonly transports: readonly string[];
  /** The model of the authenticator, as it names itself: nothing has proved it. */
  readonly aaguid: string;
  /** Whether it may be copied to other devices of its owner. */
  readonly isBackupEligible: boolean;
  /** Whether it is. */
  readonly isBackedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** What an authenticator has made, verified. */
export type RegisteredCredential = Pick<
  Passkey,
  'credentialId' | 'publicKey' | 'counter' | 'transports' | 'aaguid' | 'isBackupEligible' | 'isBackedUp'
>;

/** What each use of a passkey changes. */
export type PasskeyUse = Pick<Passkey, 'counter' | 'isBackedUp'> & { readonly at: Date };

/** What a passkey has just proved. `useWithin` uses it up. */
export interface PasskeyProof {
  readonly passkey: Passkey;
  readonly userId: string;
  /** Whether the authenticator has checked a PIN, a fingerprint or a face: then it counts as two factors. */
  readonly isUserVerified: boolean;
  /** Of RFC 8176. */
  readonly amr: readonly string[];
  readonly challenge: string;
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/** More would make the list of them, and the options of each sign-in, long. */
export const MAX_PASSKEYS = 20;

/** A passkey is a key in hardware where it cannot leave it, and one in software where it can be copied. */
export function amrOf({ isBackupEligible }: Passkey, isUserVerified: boolean): readonly string[] {
  return [isBackupEligible ? 'swk' : 'hwk', 'user', ...(isUserVerified ? ['mfa'] : [])];
}

/** The id of a user as authenticators keep it: its bytes in base64url, which say nothing of the person. */
export function userHandleOf(userId: string): string {
  return Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url');
}
