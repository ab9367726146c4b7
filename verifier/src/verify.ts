import type { AccessTokenClaims } from './claims.ts';
import { assertValid, VerificationError } from './errors.ts';
import { createJwsReader, type FindKey } from './jws.ts';

export interface VerifyOptions {
  readonly findKey: FindKey;
  readonly issuer: string;
  /** Where there are several, one of them has to be that of the token. */
  readonly audience: string | readonly string[];
  /** `now` is in milliseconds since 1970. */
  readonly clock: { readonly now: () => number };
  /** Tokens older than this are expired whatever they say, so that a shorter lifetime counts immediately. */
  readonly maxAgeSeconds?: number;
  /** By how much the clocks of those who issue and those who verify may differ. */
  readonly clockToleranceSeconds?: number;
  /** Called with the `kid` of each token that passed. */
  readonly onVerified?: (kid: string) => void;
}

/** By how much the clocks of those who issue and those who verify may differ. */
export const CLOCK_TOLERANCE_SECONDS = 5;
/** The most that a verifier can be configured to tolerate. */
export const MAX_CLOCK_TOLERANCE_SECONDS = 300;
/** The longest lifetime that a replica can be configured to give access tokens. */
export const MAX_ACCESS_TOKEN_TTL_SECONDS = 86_400;

/**
 * Makes the function that accepts an access token (RFC 7519 section 7.2, RFC 9068 section 4) or throws a
 * VerificationError. First comes the signature, then each claim; expiry is the last reason to refuse a token for, so that
 * only one that is correct in every other way is told that it has expired.
 */
export function createVerify(options: VerifyOptions): (token: string) => AccessTokenClaims {
  const { findKey, issuer, clock, onVerified = () => {} } = options;
  const { maxAgeSeconds = MAX_ACCESS_TOKEN_TTL_SECONDS, clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS } =
    options;
  const audiences = [options.audience].flat();
  const readJws = createJwsReader(findKey);

  return function verify(token) {
    const { kid, claims } = readJws(token);
    const nowSeconds = clock.now() / 1000;
    const latestSeconds = nowSeconds + clockToleranceSeconds;
    assertValid(claims.iss === issuer, 'It names another issuer.');
    assertValid(
      audiences.some((audience) => claims.aud === audience || hasMember(claims.aud, audience)),
      'It was made for another audience.',
    );
    assertValid(isPrintable(claims.sub), 'It has no subject.');
    assertValid(isPrintable(claims.client_id ?? claims.sid), 'It has no session.');
    assertValid(claims.api_key_id === undefined, 'It claims to be a key.');
    assertValid(isPrintable(claims.jti), 'It has no id.');
    assertValid(Array.isArray(claims.roles) && claims.roles.every(isPrintable), 'It has no list of roles.');
    assertValid(isSeconds(claims.iat) && claims.iat <= latestSeconds, 'It is from the future.');
    assertValid(isSeconds(claims.exp), 'It has no expiry.');
    assertValid(
      claims.nbf === undefined || (isSeconds(claims.nbf) && claims.nbf <= latestSeconds),
      'It is not valid yet.',
    );
    assertValid(
      claims.scope === undefined || isScope(claims.scope),
      'Its scope is not a list of permissions.',
    );
    assertValid(claims.rv === undefined || isNumberList(claims.rv), 'Its versions are not numbers.');
    assertValid(
      claims.from_roles === undefined || isTextList(claims.from_roles),
      'It does not say from which roles it is.',
    );
    assertValid(
      claims.amr === undefined || isTextList(claims.amr),
      'It does not say how its user signed in.',
    );
    assertValid(
      claims.acr === undefined || typeof claims.acr === 'string',
      'It does not say by how many factors its user signed in.',
    );
    assertValid(
      claims.auth_time === undefined || isSeconds(claims.auth_time),
      'It does not say when its user signed in.',
    );
    const expiresAt = Math.min(claims.exp, claims.iat + maxAgeSeconds);
    if (nowSeconds >= expiresAt + clockToleranceSeconds) {
      const ago = Math.floor(nowSeconds - expiresAt);
      throw new VerificationError('token_expired', `The access token expired ${ago} seconds ago.`);
    }
    onVerified(kid);
    // Tokens made before there were permissions have neither.
    return frozen({ scope: '', rv: [], ...claims } as unknown as AccessTokenClaims);
  };
}

/** The same object is returned for each request with the token, so it is frozen. */
function frozen(claims: AccessTokenClaims): AccessTokenClaims {
  for (const value of Object.values(claims)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze(claims);
}

/** Fit for a header and for a database key: visible ASCII. */
function isPrintable(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value);
}

/** RFC 6749 section 3.3; fit for a header, where a gateway reads it. */
function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?$/.test(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumberList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isSeconds);
}

function hasMember(value: unknown, member: string): boolean {
  return isTextList(value) && value.includes(member);
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
