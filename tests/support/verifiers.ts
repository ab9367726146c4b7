import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import {
  createVerifier,
  type VerificationError,
  type Verifier,
  type VerifierOptions,
} from '@latchkey/verifier';
import { type Algorithm, publicKey, secretKey } from '@latchkey/verifier/core';
import jwt from 'jsonwebtoken';

export const ISSUER = 'https://auth.example.com';
export const AUDIENCE = 'latchkey';

/** Makes verifiers that are closed after each test. */
export function useVerifiers() {
  const open: Verifier[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((verifier) => verifier.close()));
  });
  return (options: Partial<VerifierOptions> & Pick<VerifierOptions, never>): Verifier => {
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, ...options } as VerifierOptions);
    open.push(verifier);
    return verifier;
  };
}

/** Starts HTTP servers on free ports that are closed after each test. */
export function useHttpServers() {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });
  return async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
}

export interface TestKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly signingKey: KeyObject;
  /** As a JWK Set has it; undefined for a secret. */
  readonly jwk: object | undefined;
}

export function aSecretKey(secret: string): TestKey {
  const { kid, verifyingKey } = secretKey(secret);
  return { kid, algorithm: 'HS256', signingKey: verifyingKey, jwk: undefined };
}

/** A new key pair each time. */
export function aKeyPair(algorithm: 'ES256' | 'RS256' = 'ES256'): TestKey {
  const pair =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { kid } = publicKey(pair.publicKey);
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm };
  return { kid, algorithm, signingKey: pair.privateKey, jwk };
}

/** A token as the service makes them, from now on for 15 minutes; members of `claims` replace others. */
export function sign(
  { kid, algorithm, signingKey }: TestKey,
  claims: object = {},
  header: object = {},
): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const complete = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: randomUUID(),
    sid: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + 900,
    jti: randomUUID(),
    roles: ['user'],
    scope: 'posts:read',
    rv: [0, 0],
    ...claims,
  };
  return jwt.sign(complete, signingKey, {
    algorithm,
    header: { alg: algorithm, typ: 'at+jwt', kid, ...header },
  });
}

/** The code of what `work` is refused with, or undefined where it is not. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return (error as VerificationError).code ?? String(error);
  }
}
