import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier, VerificationError, type Verifier } from '@latchkey/verifier';
import { publicKey, secretKey } from '@latchkey/verifier/core';
import jwt from 'jsonwebtoken';
import { AUDIENCE, asReceived, ISSUER, issueLongTokens, issueTokens } from './support/access-tokens.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createHostileTokens } from './support/hostile-tokens.ts';
import { bytesInUse, exposeGarbageCollector, growthMegabytes } from './support/memory.ts';
import { interleave } from './support/statistics.ts';

const issuer = ISSUER;
const audience = AUDIENCE;
const secret = randomBytes(48).toString('base64');
const key = secretKey(secret);
const signing = { ...key, signingKey: key.verifyingKey };
/** Of garbage. */
const KINDS = 5;
const collectGarbage = exposeGarbageCollector();

await runBenchmark('verifier', async (run) => [...(await goodTokens(run)), ...(await hostileTokens(run))]);

/** Verification of good tokens in this process by @latchkey/verifier and by jsonwebtoken. */
async function goodTokens(run: Run): Promise<Figure[]> {
  const { verifySync } = createVerifier({ secret, issuer, audience });
  const elliptic = await useEllipticKey(run);
  const checks = { issuer, audience, clockTolerance: 5 };
  const count = {
    fast: run.quick ? 500 : 10_000,
    elliptic: run.quick ? 50 : 1_500,
    slow: run.quick ? 20 : 400,
  };
  const repeated = () => {
    const [token = ''] = issueTokens(signing, 1);
    return Array.from({ length: count.fast }, () => asReceived(token));
  };

  const rates = await interleave(run.quick ? 1 : 5, {
    verifier: async () => perSecond(issueTokens(signing, count.fast), verifySync),
    keyObject: async () =>
      perSecond(issueTokens(signing, count.fast), (token) =>
        jwt.verify(token, key.verifyingKey, { ...checks, algorithms: ['HS256'] }),
      ),
    // What the verifier remembers is full of new tokens by then, as in a busy service.
    repeated: async () => perSecond(repeated(), verifySync),
    string: async () => perSecond(issueTokens(signing, count.slow), (token) => jwt.verify(token, secret)),
    elliptic: async () =>
      perSecond(issueTokens(elliptic.signing, count.elliptic), elliptic.verifier.verifySync),
    ellipticReference: async () =>
      perSecond(issueTokens(elliptic.signing, count.elliptic), (token) =>
        jwt.verify(token, elliptic.verifyingKey, { ...checks, algorithms: ['ES256'] }),
      ),
  });

  const unit = 'per second';
  const keyObject = { reference: 'jsonwebtoken, KeyObject', to: rates.keyObject };
  const string = { reference: 'jsonwebtoken, string', to: rates.string };
  const ellipticKey = { reference: 'jsonwebtoken, KeyObject', to: rates.ellipticReference };
  return [
    measured('jsonwebtoken: verify(token, KeyObject, options), HS256', unit, rates.keyObject),
    measured('jsonwebtoken: verify(token, string), HS256', unit, rates.string),
    measured('jsonwebtoken: verify(token, KeyObject, options), ES256', unit, rates.ellipticReference),
    compared('verifier: new tokens', unit, rates.verifier, { ...keyObject, target: { atLeast: 0.9 } }),
    compared('verifier: new tokens', unit, rates.verifier, string),
    compared('verifier: a repeated token', unit, rates.repeated, { ...keyObject, target: { atLeast: 5 } }),
    compared('verifier: a repeated token', unit, rates.repeated, { ...string, target: { atLeast: 50 } }),
    compared('verifier: new tokens, ES256', unit, rates.elliptic, ellipticKey),
  ];
}

/**
 * What it takes to refuse 100,000 tokens of 8 KB that are garbage, and what stays in memory. Whether a signature fits is
 * not known before the hash of all that is signed has been made: what a token with a good header costs depends on its
 * length and on nothing else that its sender chooses, so those are compared with a good token of their own length.
 */
async function hostileTokens(run: Run): Promise<Figure[]> {
  const total = run.quick ? 1_000 : 100_000;
  const rounds = run.quick ? 2 : 25;
  const verifier = createVerifier({ secret, issuer, audience });
  // Code that is compiled and objects that are made once do not count as growth.
  await refuse(verifier, 1, run.quick ? 10 : 500);

  const before = bytesInUse(collectGarbage);
  const nanoseconds = await refuse(verifier, rounds, total / rounds / KINDS);
  const growth = growthMegabytes(before / 2 ** 20, bytesInUse(collectGarbage) / 2 ** 20);

  const ordinary = { reference: 'a new valid one', to: nanoseconds.good, target: { atMost: 1 } };
  const long = { reference: 'a new valid one of 8 KB', to: nanoseconds.longGood, target: { atMost: 1 } };
  const unit = 'ns';
  return [
    measured('verifier: a new valid token', unit, nanoseconds.good),
    measured('verifier: a new valid token of 8 KB', unit, nanoseconds.longGood),
    compared('garbage of 8 KB: no dots', unit, nanoseconds.noDots, ordinary),
    compared('garbage of 8 KB: three random parts', unit, nanoseconds.threeRandomParts, ordinary),
    compared('garbage of 8 KB: a key that nobody has', unit, nanoseconds.unknownKey, ordinary),
    compared('garbage of 8 KB: valid header, random payload', unit, nanoseconds.randomPayload, long),
    compared('garbage of 8 KB: valid but for its signature', unit, nanoseconds.goodPayload, long),
    measured(`${total.toLocaleString('en')} × garbage of 8 KB: memory`, 'MB', [growth], { atMost: 1 }),
  ];
}

/** Nanoseconds for one of each kind, `count` of them a round: more at once would fill the memory by themselves. */
async function refuse({ verifySync }: Verifier, rounds: number, count: number) {
  const hostile = createHostileTokens(signing);
  // Another one, which is forgotten with the good tokens that it remembers.
  const other = createVerifier({ secret, issuer, audience });
  const refusing = (kind: Parameters<typeof hostile>[0]) => async () =>
    nanosecondsEach(hostile(kind, count), (token) => requireRefusal(verifySync, token));
  return interleave(rounds, {
    good: async () => nanosecondsEach(issueTokens(signing, count), other.verifySync),
    noDots: refusing('noDots'),
    threeRandomParts: refusing('threeRandomParts'),
    unknownKey: refusing('unknownKey'),
    longGood: async () => nanosecondsEach(issueLongTokens(signing, count), other.verifySync),
    randomPayload: refusing('randomPayload'),
    goodPayload: refusing('goodPayload'),
  });
}

function requireRefusal(verify: (token: string) => unknown, token: string): void {
  try {
    verify(token);
  } catch (error) {
    if (error instanceof VerificationError && error.code === 'token_invalid') return;
    throw error;
  }
  throw new Error('garbage was accepted');
}

function perSecond(tokens: readonly string[], verify: (token: string) => unknown): number {
  return 1e9 / nanosecondsEach(tokens, verify);
}

/** The garbage of making the tokens is collected before, so that it takes no time from verifying them. */
function nanosecondsEach(tokens: readonly string[], verify: (token: string) => unknown): number {
  collectGarbage();
  const begun = performance.now();
  for (const token of tokens) verify(token);
  return ((performance.now() - begun) * 1e6) / tokens.length;
}

/** A key of ES256 that is published over HTTP, and a verifier that has fetched it. */
async function useEllipticKey({ defer }: Run) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kid, algorithm, verifyingKey } = publicKey(pair.publicKey);
  const jwks = JSON.stringify({ keys: [{ ...verifyingKey.export({ format: 'jwk' }), kid }] });
  const server = createServer((_req, res) => res.end(jwks)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const verifier = createVerifier({ jwksUri: `http://127.0.0.1:${port}`, issuer, audience });
  defer(verifier.close);
  await verifier.ready();
  return { signing: { kid, algorithm, signingKey: pair.privateKey }, verifyingKey, verifier };
}
