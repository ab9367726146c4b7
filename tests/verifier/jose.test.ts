import { beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, type JWTVerifyOptions, jwtVerify } from 'jose';
import { PUBLIC_URL } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { foreignTokens } from '../support/foreign-tokens.ts';
import { ALGORITHMS, genuineTokens, useIssuer } from '../support/issuer.ts';

/** What fits into a header. */
const SENDABLE = /^[\x21-\x7e]{1,8000}$/;

describe.each(ALGORITHMS)('The npm package jose, under %s,', (algorithm) => {
  const { app, key } = useIssuer(algorithm);
  let genuine: readonly [string, ...string[]];
  let foreign: Record<string, string>;

  beforeAll(async () => {
    genuine = await genuineTokens(app);
    foreign = foreignTokens(genuine[0], key);
  });

  const options: JWTVerifyOptions = {
    algorithms: [algorithm],
    typ: 'at+jwt',
    issuer: PUBLIC_URL,
    audience: 'latchkey',
    requiredClaims: ['exp', 'sub', 'jti'],
    clockTolerance: 5,
    // Without it a token may be from the future.
    maxTokenAge: '1 day',
  };

  /** Verifies with the secret, or with what the service publishes. */
  function verifier() {
    const published = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    return async (token: string) => {
      const { payload, protectedHeader } =
        algorithm === 'HS256'
          ? await jwtVerify(token, key.key, options)
          : await jwtVerify(token, published, options);
      return { payload, protectedHeader };
    };
  }

  it('accepts the tokens of users and of machine clients, with their claims', async () => {
    const verify = verifier();

    for (const token of genuine) {
      expect(await verify(token)).toEqual({
        payload: claimsIn(token),
        protectedHeader: { alg: algorithm, typ: 'at+jwt', kid: expect.any(String) },
      });
    }
  });

  it('refuses every token that is tampered with, foreign, expired, confused or none', async () => {
    const verify = verifier();
    const accepted: string[] = [];
    for (const [what, token] of Object.entries(foreign)) {
      await verify(token).then(
        () => accepted.push(what),
        () => {},
      );
    }

    expect(accepted).toEqual([]);
  });

  it('refuses none of them that the service would accept', async () => {
    const tokens = Object.entries(foreign).filter(([, token]) => SENDABLE.test(token));

    const accepted: string[] = [];
    for (const [what, token] of tokens) {
      const { status } = await app.get('/verify').auth(token, { type: 'bearer' });
      if (status !== 401 && status !== 400) accepted.push(`${what}: ${status}`);
    }

    expect(tokens.length).toBeGreaterThan(40);
    expect(accepted).toEqual([]);
  });
});
