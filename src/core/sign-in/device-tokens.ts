import { createHmac } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';
import { hasTag, isSameMac, tagOf } from '../tokens/tag.ts';
import type { User } from '../users/user.ts';
import { randomBytes } from '../values/random.ts';

/** What a client shows of its device. */
export interface DeviceOfClient {
  readonly deviceToken?: string | undefined;
  /** The user whose live session it has. */
  readonly sessionUserId?: string | undefined;
}

export type DeviceTokens = ReturnType<typeof createDeviceTokens>;

const FORMAT = /^(?<deviceId>[A-Za-z0-9_-]{22})\.(?<mac>[A-Za-z0-9_-]{43})$/;
/**
 * An id is a few bytes of its account, the same for all its devices, a few random ones, and a tag of both, by which
 * ids that were made here differ from invented ones.
 */
const ACCOUNT_BYTES = 5;
const RANDOM_BYTES = 5;
const PURPOSE = 'latchkey device token v1';
const PURPOSE_OF_ID = 'latchkey device id v1';
const PURPOSE_OF_ACCOUNT = 'latchkey device account v1';
const IN_JSON = /"device_token"\s*:\s*"([^"]{1,100})"/;

/**
 * Recognizes the devices on which a user has logged in before (OWASP: device cookies). The tokens are
 * recomputed instead of stored. The first of `secrets` makes them, all of them verify.
 */
export function createDeviceTokens(secrets: readonly [SigningKey, ...SigningKey[]]) {
  /**
   * `deviceId.mac`, for the user, until their password changes or they get a first second factor. An id that an earlier
   * secret tagged gets a successor: it would not be recognized any more once that secret is gone.
   */
  function issue(user: User, knownId?: string): string {
    const isCurrent = knownId !== undefined && hasTagOf(secrets[0], knownId);
    const deviceId = isCurrent ? knownId : newId(secrets[0], user.id);
    return `${deviceId}.${macOf(secrets[0], deviceId, user).toString('base64url')}`;
  }

  /** The id of the device, or null where the token was made for another user, for another password or not at all. */
  function read(token: string, user: User | null): string | null {
    const { deviceId = '', mac = '' } = FORMAT.exec(token)?.groups ?? {};
    const given = Buffer.from(mac, 'base64url');
    // The same work where there is no user: whether there is one must not be told by the time this takes.
    const genuine = secrets.map((secret) => isSameMac(macOf(secret, deviceId, user), given));
    return user !== null && genuine.includes(true) ? deviceId : null;
  }

  /**
   * What names its account where this service made it, else undefined. Nothing is looked up for that, so whether the
   * token is still valid is not known.
   */
  function recognize(token: string): string | undefined {
    const { deviceId = '' } = FORMAT.exec(token)?.groups ?? {};
    const isOurs = secrets.some((secret) => hasTagOf(secret, deviceId));
    return isOurs
      ? Buffer.from(deviceId, 'base64url').subarray(0, ACCOUNT_BYTES).toString('base64url')
      : undefined;
  }

  /** Whether the text of a login that has not been parsed yet holds a device token that was made here. */
  function isIn(text: string): boolean {
    const token = IN_JSON.exec(text)?.[1];
    return token !== undefined && recognize(token) !== undefined;
  }

  /** Whether an account knows the device of a client: by its token, or by a live session of its user. */
  function isKnown({ deviceToken, sessionUserId }: DeviceOfClient, user: User): boolean {
    return sessionUserId === user.id || (deviceToken !== undefined && read(deviceToken, user) !== null);
  }

  /** The name of an account in its device tokens. */
  function accountOf(userId: string): string {
    return nameOf(secrets[0], userId).toString('base64url');
  }

  return { issue, read, recognize, isIn, isKnown, accountOf };
}

/** The id of the device that a token was made for here. */
export const deviceIdIn = (token: string): string => token.split('.', 1)[0] ?? '';

function hasTagOf(secret: SigningKey, deviceId: string): boolean {
  return hasTag(secret, PURPOSE_OF_ID, Buffer.from(deviceId, 'base64url'));
}

function newId(secret: SigningKey, userId: string): string {
  const tagged = Buffer.concat([nameOf(secret, userId), randomBytes(RANDOM_BYTES)]);
  return Buffer.concat([tagged, tagOf(secret, PURPOSE_OF_ID, tagged)]).toString('base64url');
}

function nameOf({ signingKey }: SigningKey, userId: string): Buffer {
  return createHmac('sha256', signingKey)
    .update(`${PURPOSE_OF_ACCOUNT}\0${userId}`)
    .digest()
    .subarray(0, ACCOUNT_BYTES);
}

function macOf({ signingKey }: SigningKey, deviceId: string, user: User | null): Buffer {
  const since = [user?.passwordChangedAt?.getTime() ?? 0];
  // Those from before count for nothing: a thief who knew the password would have got many, and a share of guesses for each.
  if (user?.secondFactorSince) since.push(user.secondFactorSince.getTime());
  return createHmac('sha256', signingKey)
    .update([PURPOSE, deviceId, user?.id ?? '', ...since].join('\0'))
    .digest();
}
