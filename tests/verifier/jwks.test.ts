import { describe, expect, it } from '@jest/globals';
import { createTestClock } from '../support/app.ts';
import {
  aKeyPair,
  aSecretKey,
  codeOf,
  sign,
  type TestKey,
  useHttpServers,
  useVerifiers,
} from '../support/verifiers.ts';

/** Between two fetches because of a key that is not known. */
const INTERVAL_SECONDS = 30;

describe('A verifier with a jwksUri', () => {
  const verifierWith = useVerifiers();
  const serve = useHttpServers();
  const ignore = () => {};

  /** A server of these keys, which may change, and the paths that it was asked for. */
  async function publish(...published: TestKey[]) {
    const state = { keys: published, status: 200, asked: [] as string[] };
    const url = await serve((req, res) => {
      state.asked.push(`${req.method} ${req.url}`);
      const body = JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) });
      res.writeHead(state.status, { 'Content-Type': 'application/json' }).end(body);
    });
    return { state, url, jwksUri: `${url}/.well-known/jwks.json` };
  }

  it('fetches the keys once, however many tokens there are', async () => {
    const [ec, rsa] = [aKeyPair('ES256'), aKeyPair('RS256')];
    const { state, jwksUri } = await publish(ec, rsa);
    const verifier = verifierWith({ jwksUri });

    await Promise.all([ec, rsa, ec, rsa].map((key) => verifier.verify(sign(key))));
    expect(verifier.verifySync(sign(ec)).roles).toEqual(['user']);

    expect(state.asked).toEqual(['GET /.well-known/jwks.json']);
  });

  it('has none at hand before that: verifySync says so, and verify waits', async () => {
    const key = aKeyPair();
    const { jwksUri } = await publish(key);
    const verifier = verifierWith({ jwksUri });

    expect(await codeOf(() => verifier.verifySync(sign(key)))).toBe('keys_unavailable');
    await verifier.ready();
    expect(await codeOf(() => verifier.verifySync(sign(key)))).toBeUndefined();
  });

  it('has verifySync begin to fetch them for a key that is not known, and say that it cannot tell yet', async () => {
    const [old, added] = [aKeyPair(), aKeyPair()];
    const { state, jwksUri } = await publish(old);
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock });
    await verifier.ready();
    state.keys = [old, added];
    clock.advanceSeconds(INTERVAL_SECONDS);

    expect(await codeOf(() => verifier.verifySync(sign(added)))).toBe('keys_unavailable');
    await verifier.verify(sign(added));

    expect(await codeOf(() => verifier.verifySync(sign(added)))).toBeUndefined();
    expect(await codeOf(() => verifier.verifySync(sign(aKeyPair())))).toBe('token_invalid');
  });

  it('fetches them anew for a key that is not known, at most once in 30 s and once for all who ask', async () => {
    const [old, added] = [aKeyPair(), aKeyPair()];
    const { state, jwksUri } = await publish(old);
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock });
    await verifier.ready();
    state.keys = [old, added];

    expect(await codeOf(() => verifier.verify(sign(added)))).toBe('token_invalid');
    clock.advanceSeconds(INTERVAL_SECONDS);
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(() => verifier.verify(sign(added)))),
    );

    expect(new Set(codes)).toEqual(new Set([undefined]));
    expect(state.asked).toHaveLength(2);
  });

  it('is not brought to more by tokens with invented keys', async () => {
    const { state, jwksUri } = await publish(aKeyPair());
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock });
    await verifier.ready();

    for (let second = 0; second < 60; second++) {
      for (let token = 0; token < 5; token++) {
        const invented = sign(aSecretKey(`secret number ${second}-${token} of somebody else`));
        expect(await codeOf(() => verifier.verify(invented))).toBe('token_invalid');
      }
      clock.advanceSeconds(1);
    }

    expect(state.asked.length).toBeLessThanOrEqual(3);
  });

  it('fetches from nowhere but there, whatever a token names', async () => {
    const [ours, theirs] = [aKeyPair(), aKeyPair()];
    const { state, jwksUri } = await publish(ours);
    const evil = await publish(theirs);
    const verifier = verifierWith({ jwksUri });

    for (const header of [
      { jku: evil.jwksUri },
      { x5u: evil.jwksUri },
      { kid: evil.jwksUri },
      { jwk: theirs.jwk },
    ]) {
      expect(await codeOf(() => verifier.verify(sign(theirs, {}, header)))).toBe('token_invalid');
    }
    expect(await codeOf(() => verifier.verify(sign(theirs, { iss: evil.url })))).toBe('token_invalid');

    expect(evil.state.asked).toEqual([]);
    expect(new Set(state.asked)).toEqual(new Set(['GET /.well-known/jwks.json']));
  });

  it('accepts no secret, even where one is published, and no token made with a public key as secret', async () => {
    const key = aKeyPair();
    const secret = aSecretKey('a secret that somebody publishes by mistake, alas');
    const jwk = {
      kty: 'oct',
      k: secret.signingKey.export().toString('base64url'),
      kid: secret.kid,
      alg: 'HS256',
    };
    const { jwksUri } = await publish(key, { ...secret, jwk });
    const verifier = verifierWith({ jwksUri });
    await verifier.ready();

    const confused = aSecretKey(JSON.stringify(key.jwk));
    expect(await codeOf(() => verifier.verify(sign(secret)))).toBe('token_invalid');
    expect(await codeOf(() => verifier.verify(sign({ ...confused, kid: key.kid })))).toBe('token_invalid');
  });

  it('leaves out what is for something else, and keeps what it can use', async () => {
    const [good, encryption, other] = [aKeyPair(), aKeyPair(), aKeyPair()];
    const { jwksUri } = await publish(
      { ...encryption, jwk: { ...encryption.jwk, use: 'enc' } },
      { ...other, jwk: { ...other.jwk, alg: 'RS256' } },
      { ...good, jwk: { kty: 'EC', crv: 'P-256', x: 'no', y: 'point', kid: 'broken' } },
      { ...good, jwk: null as unknown as object },
      good,
    );
    const verifier = verifierWith({ jwksUri });

    expect(await codeOf(() => verifier.verify(sign(good)))).toBeUndefined();
    for (const key of [encryption, other]) {
      expect(await codeOf(() => verifier.verify(sign(key)))).toBe('token_invalid');
    }
  });

  it('no longer trusts a key that was taken away, however often it has seen the token', async () => {
    const [leaked, added] = [aKeyPair(), aKeyPair()];
    const { state, jwksUri } = await publish(leaked);
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock });
    const token = sign(leaked);
    await verifier.verify(token);

    state.keys = [added];
    clock.advanceSeconds(INTERVAL_SECONDS);
    await verifier.verify(sign(added));

    expect(await codeOf(() => verifier.verifySync(token))).toBe('token_invalid');
  });

  it('trusts no key that was the last one and was taken away, as after a leak', async () => {
    const leaked = aKeyPair();
    const { state, jwksUri } = await publish(leaked);
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock, onError: ignore });
    const token = sign(leaked);
    await verifier.verify(token);

    state.keys = [];
    clock.advanceSeconds(INTERVAL_SECONDS);
    await codeOf(() => verifier.verify(sign(aKeyPair())));

    expect(await codeOf(() => verifier.verify(token))).toBe('keys_unavailable');
    expect(await codeOf(() => verifier.verify(sign(leaked)))).toBe('keys_unavailable');
  });

  it.each<[what: string, status: number, body: string]>([
    ['an error', 500, '{}'],
    ['a page', 200, '<html>'],
    ['something else', 200, '{"keys":"none"}'],
    ['nothing', 200, ''],
    ['nothing of use', 200, 'null'],
    ['more than any set of keys', 200, ' '.repeat(9 * 2 ** 20)],
  ])(
    'says keys_unavailable where the answer is %s, tells the operator once, and recovers',
    async (_what, status, body) => {
      const key = aKeyPair();
      let isGood = false;
      const url = await serve((_req, res) => {
        if (isGood) res.end(JSON.stringify({ keys: [key.jwk] }));
        else res.writeHead(status).end(body);
      });
      const clock = createTestClock();
      const errors: string[] = [];
      const verifier = verifierWith({ jwksUri: url, clock, onError: ({ message }) => errors.push(message) });

      expect(await codeOf(() => verifier.verify(sign(key)))).toBe('keys_unavailable');
      clock.advanceSeconds(1);
      expect(await codeOf(() => verifier.verify(sign(key)))).toBe('keys_unavailable');
      expect(errors).toEqual([expect.stringMatching(/^no keys: /)]);
      isGood = true;
      clock.advanceSeconds(1);

      expect(await codeOf(() => verifier.verify(sign(key)))).toBeUndefined();
    },
  );

  it.each<[what: string, status: number, message: RegExp]>([
    ['is nothing', 404, /answered 404/],
    ['are no keys, as under HS256', 200, /has none; under HS256 give the secret/],
  ])(
    'is not ready where there %s, and says so instead of waiting without end',
    async (_what, status, message) => {
      const url = await serve((_req, res) => {
        res.writeHead(status).end('{"keys":[]}');
      });
      const verifier = verifierWith({ jwksUri: url, onError: ignore });

      await expect(verifier.ready()).rejects.toThrow(message);
      expect(await codeOf(() => verifier.verify(sign(aKeyPair())))).toBe('keys_unavailable');
    },
  );

  it('gives up on an answer that does not come', async () => {
    const url = await serve(() => {});
    const errors: string[] = [];
    const verifier = verifierWith({ jwksUri: url, onError: ({ message }) => errors.push(message) });

    expect(await codeOf(() => verifier.verify(sign(aKeyPair())))).toBe('keys_unavailable');
    expect(errors).toEqual([expect.stringContaining('nothing in 5000 ms')]);
  });

  it('follows no redirect', async () => {
    const key = aKeyPair();
    const { state, jwksUri } = await publish(key);
    const redirecting = await serve((_req, res) => {
      res.writeHead(302, { Location: jwksUri }).end();
    });
    const verifier = verifierWith({ jwksUri: redirecting, onError: ignore });

    expect(await codeOf(() => verifier.verify(sign(key)))).toBe('keys_unavailable');
    expect(state.asked).toEqual([]);
  });

  it('goes on with the keys it has while they cannot be fetched', async () => {
    const key = aKeyPair();
    const { state, jwksUri } = await publish(key);
    const clock = createTestClock();
    const verifier = verifierWith({ jwksUri, clock, onError: ignore });
    await verifier.ready();
    state.status = 503;
    clock.advanceSeconds(INTERVAL_SECONDS);

    expect(await codeOf(() => verifier.verify(sign(aKeyPair())))).toBe('keys_unavailable');
    expect(await codeOf(() => verifier.verify(sign(key)))).toBeUndefined();
  });

  it('can be closed while it fetches, and ready() rejects then', async () => {
    const url = await serve(() => {});
    const errors: Error[] = [];
    const verifier = verifierWith({ jwksUri: url, onError: (error) => errors.push(error) });
    const ready = codeOf(() => verifier.ready());

    await verifier.close();

    expect(await ready).toBe('Error: the verifier was closed');
    expect(errors).toEqual([]);
  });
});
