import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { secretKey } from '../../src/tokens/keys.ts';

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
