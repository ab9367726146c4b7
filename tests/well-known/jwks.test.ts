import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

const SECRET = 'the-secret-of-the-tests-of-published-keys-01234';
const PREVIOUS_SECRET = 'the-secret-before-that-one-which-still-verifies';

function pem(type: 'ES256' | 'RS256') {
  const { privateKey, publicKey } =
    type === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const ES256 = pem('ES256');
const RS256 = pem('RS256');

/** Verifies a token with nothing but node:crypto and the published keys. */
async function isVerifiedByPublishedKeys(app: TestApp, token: string): Promise<boolean> {
  const { body } = await app.get('/.well-known/jwks.json').expect(200);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const jwk = body.keys.find((key: { kid: string }) => key.kid === kid);
  expect(jwk?.alg).toBe(alg);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
}

describe('GET /.well-known/jwks.json under HS256', () => {
  const app = useApp('SQLite', { JWT_SECRET: SECRET, JWT_PREVIOUS_SECRETS: PREVIOUS_SECRET });

  it('is an empty set, which caches may keep for five minutes', async () => {
    const response = await app.get('/.well-known/jwks.json').expect(200);

    expect(response.type).toBe('application/json');
    expect(response.headers['cache-control']).toBe('public, max-age=300');
    expect(response.body).toEqual({ keys: [] });
  });

  it('needs no token and minds none', async () => {
    await app.get('/.well-known/jwks.json').auth('garbage', { type: 'bearer' }).expect(200);
  });
});

describe('GET /.well-known/jwks.json under ES256', () => {
  const app = useApp('SQLite', {
    JWT_SECRET: SECRET,
    JWT_PREVIOUS_SECRETS: PREVIOUS_SECRET,
    JWT_ALG: 'ES256',
    JWT_PRIVATE_KEY: ES256.privateKey,
  });

  it('holds the public members of the key and no secret', async () => {
    const response = await app.get('/.well-known/jwks.json').expect(200);

    expect(response.body).toEqual({
      keys: [
        {
          ...createPublicKey(ES256.publicKey).export({ format: 'jwk' }),
          kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
          use: 'sig',
          alg: 'ES256',
        },
      ],
    });
    expect(Object.keys(response.body.keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(response.headers['cache-control']).toBe('public, max-age=300');
    for (const secret of [SECRET, PREVIOUS_SECRET]) {
      expect(response.text).not.toContain(Buffer.from(secret).toString('base64url'));
    }
  });

  it('verifies the access tokens of this service, and not a changed one', async () => {
    const { token } = await signUp(app);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const changed = `${header}.${payload.slice(0, -4)}AAAA.${signature}`;

    expect(await isVerifiedByPublishedKeys(app, token)).toBe(true);
    expect(await isVerifiedByPublishedKeys(app, changed)).toBe(false);
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
  });
});

describe('GET /.well-known/jwks.json under RS256, some time after ES256', () => {
  const app = useApp('SQLite', {
    JWT_ALG: 'RS256',
    JWT_PRIVATE_KEY: RS256.privateKey,
    JWT_PREVIOUS_PUBLIC_KEYS: ES256.publicKey,
  });

  it('holds the public members of both keys, the one that signs first', async () => {
    const { body } = await app.get('/.well-known/jwks.json').expect(200);

    expect(body.keys.map(({ alg }: { alg: string }) => alg)).toEqual(['RS256', 'ES256']);
    expect(Object.keys(body.keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(Object.keys(body.keys[1]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('verifies the access tokens of this service', async () => {
    const { token } = await signUp(app);

    expect(await isVerifiedByPublishedKeys(app, token)).toBe(true);
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
  });
});

describe('GET /.well-known/jwks.json where a private key stands among the previous public keys', () => {
  const app = useApp('SQLite', {
    JWT_ALG: 'RS256',
    JWT_PRIVATE_KEY: RS256.privateKey,
    JWT_PREVIOUS_PUBLIC_KEYS: `${ES256.privateKey}\n${RS256.publicKey}`,
  });

  it('publishes its public half alone, and no key twice', async () => {
    const response = await app.get('/.well-known/jwks.json').expect(200);

    expect(response.body.keys).toHaveLength(2);
    for (const key of response.body.keys) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(member);
    }
  });
});
