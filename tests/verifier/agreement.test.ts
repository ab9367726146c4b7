import { createPublicKey, createSecretKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Algorithm, createVerify, publicKey, secretKey } from '@latchkey/verifier/core';
import fc from 'fast-check';
import { jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';
import { aKey, encode, forger, signatureBy, type TokenKey } from '../support/forge-token.ts';
import { ALGORITHMS } from '../support/issuer.ts';
import { bytesLike, forgeriesOf, textsLike } from '../support/mutations.ts';

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'latchkey';
const SECRET = 'the secret of these tests, which signs nothing else';
/** Seconds since 1970, at which all three stand. */
const NOW = 1_800_000_000;
const TOLERANCE_SECONDS = 5;
const RUNS = 1_000;

const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: '01980000-0000-7000-8000-000000000001',
  sid: '01980000-0000-7000-8000-00000000000a',
  iat: NOW,
  exp: NOW + 900,
  jti: '5f0c9d0e-5f5c-4f0e-9d0e-5f5c4f0e9d0e',
  roles: ['user'],
  scope: 'orders:read',
  rv: [0],
};

describe.each(ALGORITHMS)('Over random changes of a token of %s', (algorithm) => {
  const own = ownKey(algorithm);
  const known = algorithm === 'HS256' ? secretKey(SECRET) : publicKey(createPublicKey(own.key));
  const header = { alg: algorithm, typ: 'at+jwt', kid: known.kid };
  const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(CLAIMS))}`;
  const good = `${signed}.${encode(signatureBy(own, signed))}`;
  const forge = forger(good, own);

  const verify = createVerify({
    findKey: (kid) => (kid === known.kid ? known : undefined),
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: { now: () => NOW * 1000 },
    clockToleranceSeconds: TOLERANCE_SECONDS,
  });

  /** Each returns the claims, or undefined for a token that it refuses. */
  const verdicts = {
    ours: (token: string) => unlessThrown(() => verify(token)),
    jsonwebtoken: (token: string) =>
      unlessThrown(() =>
        jwt.verify(token, known.verifyingKey, {
          algorithms: [algorithm],
          issuer: ISSUER,
          audience: AUDIENCE,
          clockTolerance: TOLERANCE_SECONDS,
          clockTimestamp: NOW,
        }),
      ),
    jose: (token: string) =>
      jwtVerify(token, known.verifyingKey, {
        algorithms: [algorithm],
        typ: 'at+jwt',
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['exp', 'sub', 'jti'],
        clockTolerance: TOLERANCE_SECONDS,
        maxTokenAge: '1 day',
        currentDate: new Date(NOW * 1000),
      }).then(
        ({ payload }) => payload as unknown,
        () => undefined,
      ),
  };

  /** What the three say of `RUNS` tokens: how many ours accepted and refused, and where a peer contradicts it. */
  async function compare(
    tokens: fc.Arbitrary<string>,
    contradicts: (ours: unknown, peer: unknown) => boolean,
  ) {
    const counts = { accepted: 0, refused: 0 };
    const contradicted: string[] = [];
    await fc.assert(
      fc.asyncProperty(tokens, async (token) => {
        const ours = verdicts.ours(token);
        counts[ours === undefined ? 'refused' : 'accepted']++;
        const peers = [verdicts.jsonwebtoken(token), await verdicts.jose(token)];
        if (peers.some((peer) => contradicts(ours, peer))) contradicted.push(token);
      }),
      { seed: 20_261_120, numRuns: RUNS },
    );
    // A few tell enough.
    return { ...counts, contradicted: contradicted.slice(0, 3) };
  }

  it('in its text, nothing is accepted that jose or jsonwebtoken refuses, and the claims are the same', async () => {
    const { accepted, refused, contradicted } = await compare(
      textsLike(good),
      (ours, peer) => ours !== undefined && !isDeepStrictEqual(ours, peer),
    );

    expect(contradicted).toEqual([]);
    expect(accepted).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(500);
  });

  it('in what is signed and who signs it, nothing is accepted that jose or jsonwebtoken refuses', async () => {
    const { accepted, refused, contradicted } = await compare(
      forgeriesOf(good, own).map(forge),
      (ours, peer) => ours !== undefined && peer === undefined,
    );

    expect(contradicted).toEqual([]);
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it('in the bytes of its signature, all three say the same of each', async () => {
    const bytes = signatureBy(own, signed);
    const { accepted, refused, contradicted } = await compare(
      bytesLike(bytes).map((signature) => `${signed}.${encode(signature)}`),
      (ours, peer) => (ours === undefined) !== (peer === undefined),
    );

    expect(contradicted).toEqual([]);
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(500);
  });
});

function ownKey(algorithm: Algorithm): TokenKey {
  return algorithm === 'HS256' ? { algorithm, key: createSecretKey(SECRET, 'utf8') } : aKey(algorithm);
}

function unlessThrown(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    // A refusal, by whichever library and in whichever form.
    return undefined;
  }
}
