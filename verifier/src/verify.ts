import { createHmac, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import type { AccessTokenClaims } from './claims.ts';
import { UnknownKeyError, VerificationError } from './errors.ts';
import type { VerifyingKey } from './keys.ts';

export interface VerifyOptions {
  /** The key of this name, where it is at hand. */
  readonly findKey: (kid: string) => VerifyingKey | undefined;
  readonly issuer: string;
  readonly audience: string;
  /** `now` is in milliseconds since 1970. */
  readonly clock: { readonly now: () => number };
  /** Tokens older than this are expired whatever they say, so that a shorter lifetime counts at once. */
  readonly maxAgeSeconds?: number;
  /** By how much the clocks of those who issue and those who verify may differ. */
  readonly clockToleranceSeconds?: number;
  /** Told the `kid` of each token that passed. */
  readonly onVerified?: (kid: string) => void;
}

/** By how much the clocks of those who issue and those who verify may differ. */
export const CLOCK_TOLERANCE_SECONDS = 5;
/** No replica can be told to issue access tokens that live longer. */
export const MAX_ACCESS_TOKEN_TTL_SECONDS = 86_400;

const MAX_TOKEN_LENGTH = 8192;
/** Those that are issued have some 120 characters. */
const MAX_HEADER_LENGTH = 512;
/** `{"` in base64url: how the header of any token begins, as every library makes it. */
const OBJECT = 'eyJ';
/** How the API keys of the service begin. */
const API_KEY = 'lk_';
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** More keys than anybody uses at a time. */
const MAX_HEADERS = 100;

/** RFC 9068 section 4 allows both spellings. */
const ACCESS_TOKEN_TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt'];

/** Members that let a token choose its own key or demand rules nobody here knows (RFC 8725 section 3.10). */
const REFUSED_HEADERS = ['crit', 'jku', 'jwk', 'x5u', 'x5c'] as const;

interface Header {
  readonly kid: string;
  readonly alg: unknown;
}

/**
 * Makes the function that accepts an access token (RFC 7519 section 7.2, RFC 9068 section 4) or throws a
 * VerificationError. The signature is checked first, under the one algorithm of the key that `kid` names: nothing of the
 * payload is decoded before it is known to be genuine, so nobody can make that expensive. Then every claim is checked.
 */
export function createVerify(options: VerifyOptions): (token: string) => AccessTokenClaims {
  const { findKey, issuer, audience, clock, onVerified = () => {} } = options;
  const { maxAgeSeconds = MAX_ACCESS_TOKEN_TTL_SECONDS, clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS } =
    options;
  const headerOf = rememberHeaders();

  return function verify(token) {
    const { header, payload, signature, signed } = split(token);
    const { value, isGood } = headerOf(header);
    const key = findKey(value.kid);
    if (key === undefined || value.alg !== key.algorithm) throw new UnknownKeyError();
    demand(isSignedWith(key, signed, signature), 'Its signature is wrong.');
    isGood();
    const claims = parseObject(Buffer.from(payload, 'base64url').toString());
    demand(claims !== undefined, 'Its payload is no JSON object.');

    const nowSeconds = clock.now() / 1000;
    const latestSeconds = nowSeconds + clockToleranceSeconds;
    demand(claims.iss === issuer, 'It names another issuer.');
    demand(claims.aud === audience || hasMember(claims.aud, audience), 'It was made for another audience.');
    demand(isPrintable(claims.sub), 'It has no subject.');
    demand(isPrintable(claims.client_id ?? claims.sid), 'It has no session.');
    demand(claims.api_key_id === undefined, 'It claims to be a key.');
    demand(isPrintable(claims.jti), 'It has no id.');
    demand(Array.isArray(claims.roles) && claims.roles.every(isPrintable), 'It has no list of roles.');
    demand(isSeconds(claims.iat) && claims.iat <= latestSeconds, 'It is from the future.');
    demand(isSeconds(claims.exp), 'It has no expiry.');
    demand(
      claims.nbf === undefined || (isSeconds(claims.nbf) && claims.nbf <= latestSeconds),
      'It is not valid yet.',
    );
    const expiresAt = Math.min(claims.exp, claims.iat + maxAgeSeconds);
    if (nowSeconds >= expiresAt + clockToleranceSeconds) {
      const ago = Math.floor(nowSeconds - expiresAt);
      throw new VerificationError('token_expired', `The access token expired ${ago} seconds ago.`);
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

/** The parts of a JWS in its compact form (RFC 7515 section 7.1). */
function split(token: string) {
  demand(typeof token === 'string' && token.length <= MAX_TOKEN_LENGTH, 'It is too long.');
  demand(!token.startsWith(API_KEY), 'It is an API key, which the auth service alone can check.');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  const isCompact = first > 0 && second > first && token.indexOf('.', second + 1) === -1;
  if (!isCompact || first > MAX_HEADER_LENGTH || !token.startsWith(OBJECT)) throw notAToken();
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature: token.slice(second + 1),
    signed: token.slice(0, second),
  };
}

/** Reads headers. All tokens of one key have the same one, so those of good tokens are read once. */
function rememberHeaders() {
  const good = new Map<string, Header>();
  return (encoded: string) => {
    const known = good.get(encoded);
    const value = known ?? readHeader(encoded);
    const isGood = () => {
      if (known !== undefined) return;
      if (good.size >= MAX_HEADERS) good.clear();
      good.set(encoded, value);
    };
    return { value, isGood };
  };
}

/** Before the signature is checked anybody may have written it, so that has to be cheap: what is not ASCII is not parsed. */
function readHeader(encoded: string): Header {
  const text = Buffer.from(encoded, 'base64url').toString('latin1');
  const header = PRINTABLE_ASCII.test(text) ? parseObject(text) : undefined;
  if (header === undefined) throw notAToken();
  demand(ACCESS_TOKEN_TYPES.includes(header.typ), 'It is no access token.');
  demand(
    !REFUSED_HEADERS.some((name) => name in header),
    'Its header carries members that are not accepted.',
  );
  if (typeof header.kid !== 'string') throw new UnknownKeyError();
  return { kid: header.kid, alg: header.alg };
}

/** RFC 7518 section 3. Of the texts that decode to the same signature only the one without slack is taken. */
function isSignedWith({ algorithm, verifyingKey }: VerifyingKey, signed: string, signature: string): boolean {
  if (algorithm === 'HS256') {
    const expected = Buffer.from(createHmac('sha256', verifyingKey).update(signed).digest('base64url'));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return false;
  const key =
    algorithm === 'ES256' ? ({ key: verifyingKey, dsaEncoding: 'ieee-p1363' } as const) : verifyingKey;
  return verifySignature('sha256', Buffer.from(signed), key, bytes);
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    // Not JSON: refused like any other text that is no token.
    return undefined;
  }
}

function notAToken(): VerificationError {
  return invalid('It is no JSON Web Token.');
}

function invalid(reason: string): VerificationError {
  return new VerificationError('token_invalid', `The access token is not valid. ${reason}`);
}

function demand(condition: boolean, reason: string): asserts condition {
  if (!condition) throw invalid(reason);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
