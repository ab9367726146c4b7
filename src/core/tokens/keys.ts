import { createHmac, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import {
  type Algorithm,
  publicKey,
  type VerifyingKey,
  secretKey as verifyingSecret,
} from '@latchkey/verifier/core';
import { explainPem, type PemLabel } from '../../../config/pem.cjs';

export interface SigningKey extends VerifyingKey {
  readonly signingKey: KeyObject;
}

/** A public key as RFC 7517 defines it. */
export type PublicJwk = JsonWebKey & { readonly kid: string; readonly use: 'sig'; readonly alg: Algorithm };

export interface KeyRing {
  /** The key that signs new tokens. */
  readonly current: SigningKey;
  /** Every key whose tokens are valid, the current one first. */
  readonly verifying: readonly VerifyingKey[];
  /** The secrets of what this service alone reads, refresh and device tokens; the one for new tokens first. */
  readonly appSecrets: readonly [SigningKey, ...SigningKey[]];
  /** Sign the cookies of sessions, unless the operator has set secrets for that; the one for new cookies first. */
  readonly cookieSecrets: readonly [string, ...string[]];
  /** Every key there is, each once. */
  readonly all: readonly VerifyingKey[];
  /** The public keys among the verifying ones. A secret is never published. */
  readonly jwks: { readonly keys: readonly PublicJwk[] };
}

export interface KeyMaterial {
  readonly algorithm: Algorithm;
  /** The key of access tokens under HS256, which needs it. */
  readonly secret: string | undefined;
  /** PEM, for RS256 and ES256. */
  readonly privateKey: string | undefined;
  readonly previousSecrets: readonly string[];
  /** PEM, one key each. */
  readonly previousPublicKeys: readonly string[];
  /** Make refresh and device tokens, the first one new ones. */
  readonly appSecrets: readonly [string, ...string[]];
}

/** Tells the use of a secret for refresh tokens from that of the same one for access tokens, in the record of uses. */
export const APP_KID_PREFIX = 'app-';

/**
 * The keys of this server. Under RS256 and ES256 the secret verifies no access token, since a service that shares it
 * could make one; previous secrets do, as long as tokens from before the change are alive.
 * @throws Error naming the variable whose key does not parse or does not fit its algorithm
 */
export function createKeyRing(material: KeyMaterial): KeyRing {
  const current = currentKey(material);
  const previousSecrets = material.previousSecrets.map(secretKey);
  const previousPublicKeys = material.previousPublicKeys.map((pem) =>
    naming('JWT_PREVIOUS_PUBLIC_KEYS', (variable) =>
      publicKey(parse(createPublicKey, pem, 'PUBLIC KEY', variable)),
    ),
  );
  const previous = [...previousSecrets, ...previousPublicKeys].filter(({ kid }) => kid !== current.kid);
  const verifying = [current, ...previous];
  const [appSecret, ...previousAppSecrets] = material.appSecrets;
  const appSecrets = [toAppKey(appSecret), ...previousAppSecrets.map(toAppKey)] as const;
  return {
    current,
    verifying,
    appSecrets,
    cookieSecrets: [cookieSecretFrom(appSecret), ...previousAppSecrets.map(cookieSecretFrom)],
    all: [...new Map([...verifying, ...appSecrets].map((key) => [key.kid, key])).values()],
    jwks: { keys: verifying.filter(isPublic).map(toJwk) },
  };
}

/** Those who read the cookies need this one secret, and must not be able to make anything else. */
function cookieSecretFrom(appSecret: string): string {
  return createHmac('sha256', appSecret).update('latchkey cookie signature v1').digest('base64url');
}

function toAppKey(secret: string): SigningKey {
  const key = secretKey(secret);
  return { ...key, kid: `${APP_KID_PREFIX}${key.kid}` };
}

/** The HS256 key whose bytes are the UTF-8 bytes of `secret`, as every JWT library takes it. */
export function secretKey(secret: string): SigningKey {
  const key = verifyingSecret(secret);
  return { ...key, signingKey: key.verifyingKey };
}

function currentKey({ algorithm, secret, privateKey }: KeyMaterial): SigningKey {
  if (algorithm === 'HS256') return secretKey(secret ?? '');
  return naming('JWT_PRIVATE_KEY', (variable) => {
    const signingKey = parse(createPrivateKey, privateKey ?? '', 'PRIVATE KEY', variable);
    const verifying = publicKey(createPublicKey(signingKey));
    if (verifying.algorithm !== algorithm)
      throw new Error(`it is for ${verifying.algorithm}, not ${algorithm}`);
    return { ...verifying, signingKey };
  });
}

/** Says in our own words what is wrong: those of OpenSSL are about its decoders. */
function parse(read: (pem: string) => KeyObject, pem: string, label: PemLabel, variable: string): KeyObject {
  try {
    return read(pem);
  } catch {
    throw new Error(explainPem(pem, label, variable));
  }
}

/** Names the variable of a key. No message holds anything of the key itself. */
function naming<Result>(variable: string, read: (variable: string) => Result): Result {
  try {
    return read(variable);
  } catch (error) {
    throw new Error(`${variable} is not a usable key: ${(error as Error).message}`);
  }
}

function isPublic({ algorithm }: VerifyingKey): boolean {
  return algorithm !== 'HS256';
}

function toJwk({ kid, algorithm, verifyingKey }: VerifyingKey): PublicJwk {
  return { ...verifyingKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm };
}
