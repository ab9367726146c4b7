import { createHash, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';

export type Algorithm = 'HS256' | 'RS256' | 'ES256';

/** A key that tokens are verified with. A token's `alg` must equal the key's, so no algorithm can be confused. */
export interface VerifyingKey {
  /** The `kid` in tokens; by default its RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Made once: jsonwebtoken is fifty times faster with a KeyObject than with text. */
  readonly verifyingKey: KeyObject;
}

const MIN_RSA_BITS = 2048;
const EC_CURVE = 'prime256v1';

/** The members that RFC 7638 section 3.2 takes into a thumbprint, in its order. */
const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  oct: ['k', 'kty'],
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
};

/** The HS256 key whose bytes are the UTF-8 bytes of `secret`, as every JWT library takes it. */
export function secretKey(secret: string): VerifyingKey {
  const verifyingKey = createSecretKey(secret, 'utf8');
  return { kid: thumbprint(verifyingKey), algorithm: 'HS256', verifyingKey };
}

/**
 * The key of ES256 or RS256.
 * @throws Error where it is neither EC on P-256 nor RSA of at least 2048 bits
 */
export function publicKey(verifyingKey: KeyObject): VerifyingKey {
  return { kid: thumbprint(verifyingKey), algorithm: algorithmOf(verifyingKey), verifyingKey };
}

/**
 * The keys of a JWK Set (RFC 7517 section 5) that can have signed an access token. Others, and those without a usable
 * identity, are left out as that section advises; so is a secret, which does not belong in a public set.
 */
export function keysOfJwks(jwks: unknown): VerifyingKey[] {
  const keys: unknown = (jwks as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('it is not a JWK Set');
  return keys.flatMap((jwk: JsonWebKey & { readonly kid?: unknown; readonly alg?: unknown }) => {
    try {
      const key = publicKey(createPublicKey({ key: jwk, format: 'jwk' }));
      const isForTokens =
        (jwk.use === undefined || jwk.use === 'sig') && (jwk.alg === undefined || jwk.alg === key.algorithm);
      return typeof jwk.kid === 'string' && isForTokens ? [{ ...key, kid: jwk.kid }] : [];
    } catch {
      return [];
    }
  });
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): Algorithm {
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails.namedCurve === EC_CURVE) return 'ES256';
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails.modulusLength ?? 0) >= MIN_RSA_BITS)
    return 'RS256';
  throw new Error(`a key must be EC on P-256 (ES256) or RSA of at least ${MIN_RSA_BITS} bits (RS256)`);
}

/** Like a token's own signature it is a hash of the key; it reveals nothing about a secret of 256 random bits. */
function thumbprint(key: KeyObject): string {
  const jwk: Record<string, unknown> = { ...key.export({ format: 'jwk' }) };
  const members = THUMBPRINT_MEMBERS[String(jwk.kty)] ?? [];
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(canonical).digest('base64url');
}
