import { createHmac, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import { assertValid, invalid, UnknownKeyError, type VerificationError } from './errors.ts';
import type { VerifyingKey } from './keys.ts';

/** The key of this name, where it is at hand. */
export type FindKey = (kid: string) => VerifyingKey | undefined;

/** The content of a token whose signature is correct. */
export interface Jws {
  readonly kid: string;
  readonly claims: Record<string, unknown>;
}

const MAX_TOKEN_LENGTH = 8192;
/** Those that are issued have some 120 characters. */
const MAX_HEADER_LENGTH = 512;
/** `{"` in base64url: how the header of any token begins, as every library makes it. */
const OBJECT = 'eyJ';
/** How the API keys of the service begin. */
const API_KEY = 'lk_';
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** More keys than any service uses at a time. */
const MAX_HEADERS = 100;

/** RFC 9068 section 4 allows both spellings. */
const ACCESS_TOKEN_TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt'];

/** Members that let a token choose its own key or require rules unknown here (RFC 8725 section 3.10). */
const REFUSED_HEADERS = ['crit', 'jku', 'jwk', 'x5u', 'x5c'] as const;

interface Header {
  readonly kid: string;
  readonly alg: unknown;
}

/**
 * Makes the function that reads a token (RFC 7515 section 5.2) or throws a VerificationError. The signature is checked
 * under the one algorithm of the key that `kid` names, and nothing of the payload is decoded before: no sender without
 * a key can make that expensive.
 */
export function createJwsReader(findKey: FindKey): (token: string) => Jws {
  // All tokens of one key have the same header, so those of valid tokens are read once.
  const known = new Map<string, Header>();

  return function readJws(token) {
    const { header, payload, signature, signed } = split(token);
    const { kid, alg } = known.get(header) ?? readHeader(header);
    const key = findKey(kid);
    if (key === undefined || alg !== key.algorithm) throw new UnknownKeyError();
    assertValid(isSignedWith(key, signed, signature), 'Its signature is wrong.');
    if (known.size >= MAX_HEADERS) known.clear();
    known.set(header, { kid, alg });
    const claims = parseObject(Buffer.from(payload, 'base64url').toString());
    assertValid(claims !== undefined, 'Its payload is not a JSON object.');
    return { kid, claims };
  };
}

/** The parts of a JWS in its compact form (RFC 7515 section 7.1). */
function split(token: string) {
  if (typeof token !== 'string') throw notAToken();
  assertValid(token.length <= MAX_TOKEN_LENGTH, 'It is too long.');
  assertValid(!token.startsWith(API_KEY), 'It is an API key, which the auth service alone can check.');
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

/** Not trusted before the signature is checked, so reading it has to be cheap: text that is not ASCII is not parsed. */
function readHeader(encoded: string): Header {
  const text = Buffer.from(encoded, 'base64url').toString('latin1');
  const header = PRINTABLE_ASCII.test(text) ? parseObject(text) : undefined;
  if (header === undefined) throw notAToken();
  assertValid(ACCESS_TOKEN_TYPES.includes(header.typ), 'It is not an access token.');
  assertValid(
    !REFUSED_HEADERS.some((name) => name in header),
    'Its header carries members that are not accepted.',
  );
  if (typeof header.kid !== 'string') throw new UnknownKeyError();
  return { kid: header.kid, alg: header.alg };
}

/** RFC 7518 section 3. Several texts decode to the same signature: only the one without slack is taken. */
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
    // Not JSON: refused like any other text that is not a token.
    return undefined;
  }
}

function notAToken(): VerificationError {
  return invalid('It is not a JSON Web Token.');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
