import { describe, expect, it } from '@jest/globals';
import { createVerifier, VerificationError, type VerifierOptions } from '@latchkey/verifier';
import { createTestClock } from '../support/app.ts';
import { AUDIENCE, aSecretKey, codeOf, ISSUER, sign, useVerifiers } from '../support/verifiers.ts';

const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const PREVIOUS = 'another-secret-of-the-test-suite-from-before-it';
const MAX_REMEMBERED = 10_000;

describe('createVerifier', () => {
  const verifierWith = useVerifiers();

  it('makes a verifier that gives the claims of a good token, now or by a promise', async () => {
    const verifier = verifierWith({ secret: SECRET });
    const token = sign(aSecretKey(SECRET), { sub: 'ada' });

    expect(verifier.verifySync(token).sub).toBe('ada');
    expect((await verifier.verify(token)).sub).toBe('ada');
    await verifier.ready();
    expect(verifier.revocations).toBeUndefined();
  });

  it('takes several secrets, for the time of a rotation', async () => {
    const verifier = verifierWith({ secrets: [SECRET, PREVIOUS] });

    for (const secret of [SECRET, PREVIOUS]) {
      expect(verifier.verifySync(sign(aSecretKey(secret))).iss).toBe(ISSUER);
    }
    expect(await codeOf(() => verifier.verifySync(sign(aSecretKey('x'.repeat(40)))))).toBe('token_invalid');
  });

  it('refuses with an error that has a stable code and the status that fits', async () => {
    const verifier = verifierWith({ secret: SECRET });
    const expired = sign(aSecretKey(SECRET), { iat: 1_700_000_000, exp: 1_700_000_900 });

    const refusal = await verifier.verify(expired).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(VerificationError);
    expect(refusal).toMatchObject({ code: 'token_expired', status: 401, name: 'VerificationError' });
  });

  it.each([undefined, null, 7, {}, [], ''])(
    'refuses %j in place of a token like any other rubbish',
    async (rubbish) => {
      const verifier = verifierWith({ secret: SECRET });

      expect(await codeOf(() => verifier.verify(rubbish as string))).toBe('token_invalid');
      expect(await codeOf(() => verifier.verifySync(rubbish as string))).toBe('token_invalid');
    },
  );

  it('goes by the tolerance it is given for clocks that differ', async () => {
    const clock = createTestClock();
    const token = sign(aSecretKey(SECRET));
    const strict = verifierWith({ secret: SECRET, clock, clockToleranceSeconds: 0 });
    const lenient = verifierWith({ secret: SECRET, clock, clockToleranceSeconds: 300 });
    clock.advanceSeconds(901);

    expect(await codeOf(() => strict.verify(token))).toBe('token_expired');
    expect(await codeOf(() => lenient.verify(token))).toBeUndefined();
    clock.advanceSeconds(300);
    expect(await codeOf(() => lenient.verify(token))).toBe('token_expired');
  });

  it('gives claims that cannot be changed for the next request with the same token', () => {
    const verifier = verifierWith({ secret: SECRET });
    const claims = verifier.verifySync(sign(aSecretKey(SECRET))) as unknown as {
      scope: string;
      roles: string[];
    };

    expect(() => claims.roles.push('admin')).toThrow(TypeError);
    expect(() => {
      claims.scope = 'everything';
    }).toThrow(TypeError);
  });

  describe('remembers what it has verified, and yet', () => {
    it('refuses a token once it has expired', async () => {
      const clock = createTestClock();
      const verifier = verifierWith({ secret: SECRET, clock });
      const token = sign(aSecretKey(SECRET));
      verifier.verifySync(token);

      clock.advanceSeconds(906);

      expect(await codeOf(() => verifier.verifySync(token))).toBe('token_expired');
    });

    it('refuses a token whose clock was set back to before it was made', async () => {
      const clock = createTestClock();
      const verifier = verifierWith({ secret: SECRET, clock });
      const token = sign(aSecretKey(SECRET));
      verifier.verifySync(token);

      clock.advanceSeconds(-60);

      expect(await codeOf(() => verifier.verifySync(token))).toBe('token_invalid');
    });

    it('does not take one for another that differs in one character', async () => {
      const verifier = verifierWith({ secret: SECRET });
      const token = sign(aSecretKey(SECRET));
      verifier.verifySync(token);

      for (const at of [5, token.indexOf('.') + 20, token.length - 20]) {
        const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
        expect(await codeOf(() => verifier.verifySync(changed))).toBe('token_invalid');
      }
    });

    it('keeps no more than so many: those used lately', () => {
      const verifier = verifierWith({ secret: SECRET });
      const key = aSecretKey(SECRET);
      const [used, unused] = [sign(key), sign(key)];
      const before = [used, unused].map(verifier.verifySync);
      for (let others = 0; others < MAX_REMEMBERED; others += 1000) {
        for (let other = 0; other < 1000; other++) verifier.verifySync(sign(key));
        verifier.verifySync(used);
      }

      // The same object comes from memory, another one from another verification.
      expect(verifier.verifySync(used)).toBe(before[0]);
      expect(verifier.verifySync(unused)).not.toBe(before[1]);
    });
  });

  describe('options with which it could not check something', () => {
    const good = { issuer: ISSUER, audience: AUDIENCE, secret: SECRET };
    const revocations = { url: 'http://auth/revocations', clientId: 'id', clientSecret: 'secret' };

    it.each<[what: string, options: unknown, names: RegExp]>([
      ['no issuer', { ...good, issuer: undefined }, /issuer/],
      ['an empty audience', { ...good, audience: '' }, /audience/],
      ['several audiences', { ...good, audience: ['a', 'b'] }, /audience/],
      ['no key at all', { issuer: ISSUER, audience: AUDIENCE }, /exactly one of secret/],
      ['two kinds of keys', { ...good, jwksUri: 'https://auth.example.com/jwks' }, /exactly one of secret/],
      ['a secret that is not set', { ...good, secret: '' }, /secret/],
      ['a secret that is undefined', { ...good, secret: undefined }, /secret is undefined/],
      ['a misspelled option', { ...good, revocation: revocations }, /revocation is not a member/],
      [
        'a misspelled option of the feed',
        { ...good, revocations: { ...revocations, stale: 1 } },
        /stale is no/,
      ],
      ['no options', undefined, /must be an object/],
      ['no secrets', { issuer: ISSUER, audience: AUDIENCE, secrets: [] }, /secrets/],
      [
        'an empty secret among others',
        { issuer: ISSUER, audience: AUDIENCE, secrets: [SECRET, ''] },
        /secret/,
      ],
      ['a JWKS that is no URL', { issuer: ISSUER, audience: AUDIENCE, jwksUri: 'jwks' }, /jwksUri/],
      ['a JWKS in a file', { issuer: ISSUER, audience: AUDIENCE, jwksUri: 'file:///etc/jwks' }, /jwksUri/],
      ['a negative tolerance', { ...good, clockToleranceSeconds: -1 }, /clockToleranceSeconds/],
      ['an endless tolerance', { ...good, clockToleranceSeconds: Infinity }, /clockToleranceSeconds/],
      ['a tolerance that is no number', { ...good, clockToleranceSeconds: '5' }, /clockToleranceSeconds/],
      [
        'a feed that is none',
        { ...good, revocations: { ...revocations, url: 'http://auth/' } },
        /\/revocations/,
      ],
      ['a feed without a client', { ...good, revocations: { url: revocations.url } }, /clientId/],
      [
        'a client without a secret',
        { ...good, revocations: { ...revocations, clientSecret: undefined } },
        /clientSecret/,
      ],
      ['a lag of nothing', { ...good, revocations: { ...revocations, maxLagSeconds: 0 } }, /maxLagSeconds/],
      ['an endless lag', { ...good, revocations: { ...revocations, maxLagSeconds: 1e9 } }, /maxLagSeconds/],
      [
        'a policy that is none',
        { ...good, revocations: { ...revocations, whenStale: 'ignore' } },
        /whenStale/,
      ],
    ])('are refused: %s', (_what, options, names) => {
      const create = () => createVerifier(options as VerifierOptions);

      expect(create).toThrow(TypeError);
      expect(create).toThrow(names);
    });
  });
});
