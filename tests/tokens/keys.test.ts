import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createKeyRing, type KeyMaterial, secretKey } from '../../src/core/tokens/keys.ts';

const SECRETS = ['a secret of plain letters, 32 bytes', 'schlüssel mit umlauten und einem 🔑'];

describe('a signing key', () => {
  it.each(SECRETS)('is the UTF-8 bytes of %j', (secret) => {
    const { signingKey: key, algorithm } = secretKey(secret);

    expect(algorithm).toBe('HS256');
    expect(key.type).toBe('secret');
    expect(key.export()).toEqual(Buffer.from(secret, 'utf8'));
  });

  it.each(SECRETS)('made from %j has the RFC 7638 thumbprint of its JWK as kid', (secret) => {
    const k = Buffer.from(secret, 'utf8').toString('base64url');

    // Section 3.2: for kty oct the members k and kty in this order, without white space.
    const jwk = `{"k":"${k}","kty":"oct"}`;
    expect(secretKey(secret).kid).toBe(createHash('sha256').update(jwk).digest('base64url'));
  });

  it('has the same kid on every replica that has its secret', () => {
    expect(secretKey(SECRETS[0] ?? '').kid).toBe(secretKey(SECRETS[0] ?? '').kid);
  });

  it('has another kid for a secret that differs in one letter', () => {
    expect(secretKey(`${SECRETS[0]}a`).kid).not.toBe(secretKey(`${SECRETS[0]}b`).kid);
  });
});

const SECRET = SECRETS[0] ?? '';

function pemOf(privateKey: KeyObject): { privatePem: string; publicPem: string } {
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const ec = (namedCurve: string) => pemOf(generateKeyPairSync('ec', { namedCurve }).privateKey);
const rsa = (modulusLength: number) => pemOf(generateKeyPairSync('rsa', { modulusLength }).privateKey);

const EC = ec('prime256v1');
const RSA = rsa(2048);

/** Section 3.1 of RFC 7638: a key and its thumbprint. */
const RFC_7638_KEY = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
};
const RFC_7638_THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

function ring(material: Partial<KeyMaterial> = {}) {
  return createKeyRing({
    algorithm: 'HS256',
    secret: SECRET,
    privateKey: undefined,
    previousSecrets: [],
    previousPublicKeys: [],
    appSecrets: [SECRET],
    ...material,
  });
}

describe('a key ring', () => {
  it('under HS256 signs and verifies with the secret and publishes nothing', () => {
    const { current, verifying, jwks } = ring();

    expect(current.kid).toBe(secretKey(SECRET).kid);
    expect(verifying.map(({ kid }) => kid)).toEqual([current.kid]);
    expect(jwks).toEqual({ keys: [] });
  });

  it.each([
    ['ES256', EC, ['crv', 'kty', 'x', 'y']],
    ['RS256', RSA, ['e', 'kty', 'n']],
  ] as const)('under %s has the RFC 7638 thumbprint of the public key as kid', (algorithm, key, members) => {
    const { current } = ring({ algorithm, privateKey: key.privatePem });

    const jwk = createPublicKey(key.publicPem).export({ format: 'jwk' }) as Record<string, string>;
    const canonical = `{${members.map((name) => `"${name}":"${jwk[name]}"`).join(',')}}`;
    expect(current.kid).toBe(createHash('sha256').update(canonical).digest('base64url'));
    expect(current.algorithm).toBe(algorithm);
    expect(current.signingKey.type).toBe('private');
    expect(current.verifyingKey.type).toBe('public');
  });

  it('gives the key of RFC 7638 section 3.1 the thumbprint that stands there', () => {
    const pem = createPublicKey({ key: RFC_7638_KEY, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

    const { verifying, jwks } = ring({ previousPublicKeys: [pem.toString()] });

    expect(verifying[1]).toMatchObject({ kid: RFC_7638_THUMBPRINT, algorithm: 'RS256' });
    expect(jwks.keys).toEqual([{ ...RFC_7638_KEY, kid: RFC_7638_THUMBPRINT, use: 'sig', alg: 'RS256' }]);
  });

  it('reads private keys in the older forms of PEM as well', () => {
    const sec1 = createPrivateKey(EC.privatePem).export({ type: 'sec1', format: 'pem' }).toString();
    const pkcs1 = createPrivateKey(RSA.privatePem).export({ type: 'pkcs1', format: 'pem' }).toString();

    expect(ring({ algorithm: 'ES256', privateKey: sec1 }).current.kid).toBe(
      ring({ algorithm: 'ES256', privateKey: EC.privatePem }).current.kid,
    );
    expect(ring({ algorithm: 'RS256', privateKey: pkcs1 }).current.kid).toBe(
      ring({ algorithm: 'RS256', privateKey: RSA.privatePem }).current.kid,
    );
  });

  it('verifies no access token with the secret under ES256, nor with that of refresh tokens', () => {
    const { verifying } = ring({ algorithm: 'ES256', privateKey: EC.privatePem });

    expect(verifying.map(({ algorithm }) => algorithm)).toEqual(['ES256']);
  });

  it('has the secrets of refresh tokens under names of their own, so that each use is recorded for itself', () => {
    const { current, verifying, appSecrets, all } = ring({ appSecrets: [SECRET, 'one', 'two'] });

    expect(appSecrets.map(({ kid }) => kid)).toEqual(
      [SECRET, 'one', 'two'].map((secret) => `app-${secretKey(secret).kid}`),
    );
    expect(appSecrets.map(({ signingKey }) => signingKey.export().toString())).toEqual([
      SECRET,
      'one',
      'two',
    ]);
    expect(verifying).toEqual([current]);
    expect(all.map(({ kid }) => kid)).toEqual([current.kid, ...appSecrets.map(({ kid }) => kid)]);
    for (const { kid } of all) expect(kid.length).toBeLessThanOrEqual(64);
  });

  it('verifies with previous secrets and previous public keys, the current key first', () => {
    const { verifying, jwks } = ring({
      algorithm: 'ES256',
      privateKey: EC.privatePem,
      previousSecrets: ['one', 'two'],
      previousPublicKeys: [RSA.publicPem],
    });

    expect(verifying.map(({ algorithm }) => algorithm)).toEqual(['ES256', 'HS256', 'HS256', 'RS256']);
    expect(jwks.keys.map(({ alg }) => alg)).toEqual(['ES256', 'RS256']);
  });

  it('counts a key that is current and previous once', () => {
    const { verifying, jwks } = ring({
      algorithm: 'ES256',
      privateKey: EC.privatePem,
      previousPublicKeys: [EC.publicPem],
    });

    expect(verifying).toHaveLength(1);
    expect(jwks.keys).toHaveLength(1);
  });

  it.each<[what: string, material: Partial<KeyMaterial>, variable: string]>([
    ['no PEM', { algorithm: 'ES256', privateKey: 'garbage-in-place-of-a-key' }, 'JWT_PRIVATE_KEY'],
    ['nothing', { algorithm: 'ES256', privateKey: undefined }, 'JWT_PRIVATE_KEY'],
    ['a public key', { algorithm: 'ES256', privateKey: EC.publicPem }, 'JWT_PRIVATE_KEY'],
    ['an RSA key under ES256', { algorithm: 'ES256', privateKey: RSA.privatePem }, 'JWT_PRIVATE_KEY'],
    ['an EC key under RS256', { algorithm: 'RS256', privateKey: EC.privatePem }, 'JWT_PRIVATE_KEY'],
    ['P-384', { algorithm: 'ES256', privateKey: ec('secp384r1').privatePem }, 'JWT_PRIVATE_KEY'],
    ['secp256k1', { algorithm: 'ES256', privateKey: ec('secp256k1').privatePem }, 'JWT_PRIVATE_KEY'],
    ['RSA of 1024 bits', { algorithm: 'RS256', privateKey: rsa(1024).privatePem }, 'JWT_PRIVATE_KEY'],
    [
      'Ed25519',
      { algorithm: 'ES256', privateKey: pemOf(generateKeyPairSync('ed25519').privateKey).privatePem },
      'JWT_PRIVATE_KEY',
    ],
    [
      'RSA for PSS alone',
      {
        algorithm: 'RS256',
        privateKey: pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey).privatePem,
      },
      'JWT_PRIVATE_KEY',
    ],
    ['no PEM', { previousPublicKeys: ['garbage-in-place-of-a-key'] }, 'JWT_PREVIOUS_PUBLIC_KEYS'],
    ['P-384', { previousPublicKeys: [ec('secp384r1').publicPem] }, 'JWT_PREVIOUS_PUBLIC_KEYS'],
    ['RSA of 1024 bits', { previousPublicKeys: [rsa(1024).publicPem] }, 'JWT_PREVIOUS_PUBLIC_KEYS'],
  ])('refuses %s, and names the variable without a word of the key', (_what, material, variable) => {
    const text = [material.privateKey, ...(material.previousPublicKeys ?? [])].join('');
    let message = '';
    try {
      ring(material);
    } catch (error) {
      message = (error as Error).message;
    }

    expect(message).toMatch(new RegExp(`^${variable} is not a usable key: `));
    for (const line of text.split('\n').filter((piece) => piece !== '')) expect(message).not.toContain(line);
  });
});
