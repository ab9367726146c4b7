import jwt from 'jsonwebtoken';
import type { Clock } from '../clock.ts';
import type { VerifyingKey } from './keys.ts';

/** The claims of an access token (RFC 9068 section 2.2); `iat` and `exp` are seconds since 1970. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly sub: string;
  /** The session, which ends with a logout; a machine has none. */
  readonly sid?: string;
  /** The machine that the token was issued to; then `sub` is the same (RFC 9068 section 2.2). */
  readonly client_id?: string;
  /** The API key in place of a token, which says so itself. */
  readonly api_key_id?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly roles: readonly string[];
  /** What the subject may do: permissions separated by spaces (RFC 8693 section 4.2). */
  readonly scope: string;
  /** Since when the user has these roles, and each role these permissions; milliseconds since 1970. */
  readonly rv: readonly number[];
  /** Where `scope` was narrowed and `roles` is empty therefore: the roles that `rv` is about. */
  readonly from_roles?: readonly string[];
}

/** Why a token was refused. Only a token whose signature is right is ever called expired. */
export class TokenError extends Error {
  readonly code: 'token_invalid' | 'token_expired';

  constructor(code: TokenError['code'], message: string) {
    super(message);
    this.name = 'TokenError';
    this.code = code;
  }
}

export interface VerifyOptions {
  readonly keys: readonly VerifyingKey[];
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Tokens older than this are expired whatever they say, so that a shorter lifetime counts at once. */
  readonly maxAgeSeconds: number;
  /** Told the `kid` of each token that passed. */
  readonly onVerified?: (kid: string) => void;
}

/** By how much the clocks of those who issue and those who verify may differ. */
export const CLOCK_TOLERANCE_SECONDS = 5;
/** No replica can be told to issue access tokens that live longer. */
export const MAX_ACCESS_TOKEN_TTL_SECONDS = 86_400;

const MAX_TOKEN_LENGTH = 8192;

/** RFC 9068 section 4 allows both spellings. */
const ACCESS_TOKEN_TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt'];

/** Members that let a token choose its own key or demand rules nobody here knows (RFC 8725 section 3.10). */
const REFUSED_HEADERS = ['crit', 'jku', 'jwk', 'x5u', 'x5c'] as const;

/**
 * Makes the function that accepts an access token or throws a TokenError.
 *
 * jsonwebtoken checks the signature under the one algorithm of the key that `kid` names. Everything else is checked
 * below, because it lets missing claims pass and skips a check in silence where its option is undefined.
 */
export function createVerify(options: VerifyOptions): (token: string) => AccessTokenClaims {
  const { issuer, audience, clock, maxAgeSeconds, onVerified = () => {} } = options;
  const keys = new Map(options.keys.map((key) => [key.kid, key]));

  return function verify(token) {
    const key = chooseKey(token, keys);
    const claims = checkSignature(token, key);
    const nowSeconds = clock.now() / 1000;
    demand(claims.iss === issuer, 'It names another issuer.');
    demand(claims.aud === audience || hasMember(claims.aud, audience), 'It was made for another audience.');
    demand(isPrintable(claims.sub), 'It has no subject.');
    demand(isPrintable(claims.client_id ?? claims.sid), 'It has no session.');
    demand(claims.api_key_id === undefined, 'It claims to be a key.');
    demand(isPrintable(claims.jti), 'It has no id.');
    demand(Array.isArray(claims.roles) && claims.roles.every(isPrintable), 'It has no list of roles.');
    demand(
      isSeconds(claims.iat) && claims.iat <= nowSeconds + CLOCK_TOLERANCE_SECONDS,
      'It is from the future.',
    );
    demand(isSeconds(claims.exp), 'It has no expiry.');
    demand(
      claims.nbf === undefined ||
        (isSeconds(claims.nbf) && claims.nbf <= nowSeconds + CLOCK_TOLERANCE_SECONDS),
      'It is not valid yet.',
    );
    const expiresAt = Math.min(claims.exp, claims.iat + maxAgeSeconds);
    if (nowSeconds >= expiresAt + CLOCK_TOLERANCE_SECONDS) {
      const ago = Math.floor(nowSeconds - expiresAt);
      throw new TokenError('token_expired', `The access token expired ${ago} seconds ago.`);
    }
    demand(claims.scope === undefined || isScope(claims.scope), 'Its scope is no list of permissions.');
    demand(claims.rv === undefined || isNumberList(claims.rv), 'Its versions are no numbers.');
    demand(
      claims.from_roles === undefined || isTextList(claims.from_roles),
      'It does not say from which roles it is.',
    );
    onVerified(key.kid);
    // Tokens made before there were permissions have neither.
    return { scope: '', rv: [], ...claims } as unknown as AccessTokenClaims;
  };
}

function chooseKey(token: string, keys: ReadonlyMap<string, VerifyingKey>): VerifyingKey {
  demand(token.length <= MAX_TOKEN_LENGTH, 'It is too long.');
  const header = decodeHeader(token);
  demand(ACCESS_TOKEN_TYPES.includes(header.typ), 'It is no access token.');
  demand(
    !REFUSED_HEADERS.some((name) => name in header),
    'Its header carries members that are not accepted.',
  );
  const key = isText(header.kid) ? keys.get(header.kid) : undefined;
  demand(
    key !== undefined && header.alg === key.algorithm,
    'It was signed with a key that is not known here.',
  );
  return key;
}

function decodeHeader(token: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    if (isRecord(header)) return header;
  } catch {
    // Not JSON: refused like any other text that is no token.
  }
  throw invalid('It is no JSON Web Token.');
}

function checkSignature(token: string, { verifyingKey, algorithm }: VerifyingKey): Record<string, unknown> {
  let claims: unknown;
  try {
    claims = jwt.verify(token, verifyingKey, {
      algorithms: [algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
  } catch {
    throw invalid('Its signature is wrong.');
  }
  if (!isRecord(claims)) throw invalid('Its payload is no JSON object.');
  return claims;
}

function invalid(reason: string): TokenError {
  return new TokenError('token_invalid', `The access token is not valid. ${reason}`);
}

function demand(condition: boolean, reason: string): asserts condition {
  if (!condition) throw invalid(reason);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
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
