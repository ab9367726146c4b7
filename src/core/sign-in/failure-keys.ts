import { createHmac } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';
import type { IdentifierKind } from '../users/identifiers.ts';

/** The key of a count of wrong passwords. */
export interface FailureKey {
  /** The id of a user, or what stands for an identifier. */
  readonly account: string;
  /** Empty for all devices that the account does not know. */
  readonly device: string;
}

/** The two counts of one attempt, which are the same one for a device that the account knows. */
export interface FailureKeys {
  /** Makes the next attempt wait. */
  readonly delay: FailureKey;
  /** Locks the account. */
  readonly lock: FailureKey;
}

/** The keys in the table for an identifier, and for one without an account. */
export interface TypedIdentifier {
  readonly identifier: string;
  readonly noAccount: string;
}

const STRANGERS = '';
/** All sessions of an account share one count: otherwise each further session would buy more guesses. */
const SESSIONS = 'sessions';
/** The devices of second factors begin with it. */
export const FACTOR = 'factor';

/** Hashed, since what people type in may be anything. Computed also for identifiers that exist, since that takes time. */
export function hashIdentifier(
  { signingKey }: SigningKey,
  kind: IdentifierKind,
  typed: string,
): TypedIdentifier {
  const hash = createHmac('sha256', signingKey)
    .update(`latchkey login v1\0${kind}\0${typed}`)
    .digest('base64url');
  return { identifier: `identifier:${hash}`, noAccount: `nobody:${hash}` };
}

/** The count that delays devices which the account does not know. */
export function delayOfStrangers({ identifier }: TypedIdentifier): FailureKey {
  return { account: identifier, device: STRANGERS };
}

/** An account that does not exist is counted like any other, or the difference would tell which ones do. */
export function keysOfStrangers(typed: TypedIdentifier, userId: string | undefined): FailureKeys {
  const lock = { account: userId ?? typed.noAccount, device: STRANGERS };
  return { delay: delayOfStrangers(typed), lock };
}

export function keysOfDevice(userId: string, deviceId: string): FailureKeys {
  return sharedKey(userId, `device:${deviceId}`);
}

/** For a user who is logged in and gives the password once more. */
export function keysOfSessions(userId: string): FailureKeys {
  return sharedKey(userId, SESSIONS);
}

/**
 * For a second factor, which has counts of its own: a correct password must not buy more guesses. A thief who knows the
 * password does not lock the owner out of a device that the account knows.
 */
export function keysOfFactor(userId: string, deviceId: string | null): FailureKeys {
  return sharedKey(userId, deviceId === null ? FACTOR : `${FACTOR}:${deviceId}`);
}

function sharedKey(account: string, device: string): FailureKeys {
  const key = { account, device };
  return { delay: key, lock: key };
}
