import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createVerifier, type Verifier } from '@latchkey/verifier';
import { REFUSALS } from '@latchkey/verifier/core';
import fc from 'fast-check';
import { PUBLIC_URL, TEST_SECRET } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { foreignTokens } from '../support/foreign-tokens.ts';
import { forger, partsOf, signatureBy } from '../support/forge-token.ts';
import { onPython } from '../support/interop.ts';
import { ALGORITHMS, genuineTokens, useIssuer } from '../support/issuer.ts';
import { bytesLike, forgeriesOf, textsLike } from '../support/mutations.ts';
import { freePort } from '../support/mysql-server.ts';
import { type PythonVerifier, useLatchkeyPy } from '../support/python.ts';
import { eventually } from '../support/several-processes.ts';
import {
  AUDIENCE,
  aKeyPair,
  aSecretKey,
  codeOf,
  ISSUER,
  sign,
  type TestKey,
  useHttpServers,
} from '../support/verifiers.ts';

/** How many tokens of each kind of random change are compared. */
const SAMPLES = 150;
const SEED = { seed: 20_261_120 };

onPython((python) => {
  const latchkey = useLatchkeyPy(python);

  describe.each(ALGORITHMS)('latchkey.py, under %s,', (algorithm) => {
    const { app, key } = useIssuer(algorithm);
    let genuine: [string, string, string];
    let ours: PythonVerifier;
    let peer: Verifier;
    let fetches = 0;

    beforeAll(async () => {
      genuine = await genuineTokens(app);
      app.server.on('request', ({ url }) => {
        if (url === '/.well-known/jwks.json') fetches++;
      });
      const common = { issuer: PUBLIC_URL, audience: 'latchkey' };
      const url = `${app.url}/.well-known/jwks.json`;
      const isSecret = algorithm === 'HS256';
      peer = createVerifier({ ...common, ...(isSecret ? { secret: TEST_SECRET } : { jwksUri: url }) });
      ours = await latchkey.verifier({
        ...common,
        ...(isSecret ? { secrets: [TEST_SECRET] } : { jwks_url: url }),
      });
      await Promise.all([peer.ready(), ours.ready()]);
    });
    afterAll(() => peer.close());

    /** The tokens about which it says something other than the verifier for Node, which both say twice. */
    async function contradictions(tokens: readonly string[]) {
      const before = await Promise.all(tokens.map((token) => codeOf(() => peer.verify(token))));
      const codes = await Promise.all(tokens.map((token) => ours.codeOf(token)));
      const after = await Promise.all(tokens.map((token) => codeOf(() => peer.verify(token))));
      const accepted = codes.filter((code) => code === undefined).length;
      const differing = tokens.flatMap((token, index) => {
        // One that expired meanwhile says nothing.
        if (before[index] !== after[index] || codes[index] === before[index]) return [];
        return [{ token, python: codes[index], node: before[index] }];
      });
      return { accepted, refused: tokens.length - accepted, differing: differing.slice(0, 3) };
    }

    it('accepts what is genuine, with the claims that the verifier for Node has', async () => {
      for (const token of genuine) {
        const { result } = await ours.verify(token);

        expect(result).toEqual(await peer.verify(token));
        expect(result).toMatchObject(claimsIn(token));
      }
    });

    it('refuses whatever is not, with the code of the verifier for Node', async () => {
      const forge = forger(genuine[0], key);
      const bad = {
        ...foreignTokens(genuine[0], key),
        'a number as sub': forge({ claims: { sub: 7 } }),
        'a list as jti': forge({ claims: { jti: ['x'] } }),
        'no sid': forge({ claims: { sid: undefined } }),
        'roles that are text': forge({ claims: { roles: 'admin' } }),
        'a scope with two spaces': forge({ claims: { scope: 'a:b  c:d' } }),
        'versions that are text': forge({ claims: { rv: ['0'] } }),
        'an expiry without end': forge({ payload: `{"iss":"${PUBLIC_URL}","exp":1e999}` }),
        'the id of an API key': forge({ claims: { api_key_id: 'x' } }),
        'a key of its own to fetch': forge({ header: { jku: 'https://evil.example/jwks.json' } }),
        'an API key': 'lk_of_somebody',
        'two tokens': `${genuine[0]} ${genuine[0]}`,
        'a line break after it': `${genuine[0]}\n`,
      };
      const codes = await Promise.all(Object.values(bad).map((token) => ours.codeOf(token)));
      const peers = await Promise.all(Object.values(bad).map((token) => codeOf(() => peer.verify(token))));

      const named = (all: unknown[]) =>
        Object.fromEntries(Object.keys(bad).map((name, index) => [name, all[index]]));
      expect(named(codes)).toEqual(named(peers));
      expect(codes).not.toContain(undefined);
    });

    it('says the same as the verifier for Node of random changes in text, signature and claims', async () => {
      const [good] = genuine;
      const signed = good.slice(0, good.lastIndexOf('.'));
      const signatures = bytesLike(Buffer.from(partsOf(good)[2], 'base64url'));
      const tokens = [
        ...fc.sample(textsLike(good), { ...SEED, numRuns: SAMPLES }),
        ...fc.sample(forgeriesOf(good, key), { ...SEED, numRuns: SAMPLES }).map(forger(good, key)),
        ...fc
          .sample(signatures, { ...SEED, numRuns: SAMPLES })
          .map((bytes) => `${signed}.${bytes.toString('base64url')}`),
      ];

      const { accepted, refused, differing } = await contradictions(tokens);

      expect(differing).toEqual([]);
      expect(accepted).toBeGreaterThan(20);
      expect(refused).toBeGreaterThan(200);
    });

    it('accepts the long spelling of the type, several audiences, and clocks that differ a little', async () => {
      const forge = forger(genuine[0], key);
      const now = Math.floor(Date.now() / 1000);
      const tokens = [
        forge({ header: { typ: 'application/at+jwt' } }),
        forge({ claims: { aud: ['reports', 'latchkey'] } }),
        forge({ claims: { iat: now + 4 } }),
        forge({ claims: { exp: now } }),
      ];

      expect(await Promise.all(tokens.map((token) => ours.codeOf(token)))).toEqual(
        tokens.map(() => undefined),
      );
    });

    it('takes the last signature bits to the letter, as only one text may stand for a token', async () => {
      const [head, payload, signature] = partsOf(genuine[0]);
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const last = alphabet.indexOf(signature.at(-1) ?? '');
      const alike = `${head}.${payload}.${signature.slice(0, -1)}${alphabet[last ^ 1]}`;

      expect(Buffer.from(alike.split('.')[2] ?? '', 'base64url')).toEqual(
        Buffer.from(signature, 'base64url'),
      );
      expect(await ours.codeOf(alike)).toBe('token_invalid');
    });

    if (algorithm === 'HS256') return;

    it('asks for the keys once, however many kids are made up', async () => {
      const forge = forger(genuine[0], key);
      const madeUp = Array.from({ length: 20 }, (_, count) => forge({ header: { kid: `made-up-${count}` } }));
      fetches = 0;
      const verifier = await latchkey.verifier({
        issuer: PUBLIC_URL,
        audience: 'latchkey',
        jwks_url: `${app.url}/.well-known/jwks.json`,
      });

      const codes = await Promise.all([...madeUp, genuine[0]].map((token) => verifier.codeOf(token)));
      await verifier.close();

      expect(codes).toEqual([...madeUp.map(() => 'token_invalid'), undefined]);
      expect(fetches).toBe(1);
    });

    it('takes the public key itself in place of a URL', async () => {
      const pem = createPublicKey(key.key).export({ type: 'spki', format: 'pem' }).toString();
      const verifier = await latchkey.verifier({
        issuer: PUBLIC_URL,
        audience: 'latchkey',
        public_keys: [pem],
      });

      expect(await verifier.codeOf(genuine[0])).toBeUndefined();
      const confused = forger(
        genuine[0],
        key,
      )({
        header: { alg: 'HS256' },
        sign: (text) => signatureBy(aSecret(pem), text),
      });
      expect(await verifier.codeOf(confused)).toBe('token_invalid');
    });
  });

  describe('latchkey.py', () => {
    const serve = useHttpServers();
    const common = { issuer: ISSUER, audience: AUDIENCE };

    /** A server with a JWK Set that the test may change, or take away. */
    async function aJwks(...keys: TestKey[]) {
      const state = { keys, status: 200, fetches: 0 };
      const url = await serve((_req, res) => {
        state.fetches++;
        res.writeHead(state.status).end(JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }));
      });
      return Object.assign(state, { url });
    }

    it('has the codes, statuses and titles of the verifier for Node', async () => {
      const { result } = await latchkey.call('refusals');

      // It asks for no recent authentication.
      const { insufficient_user_authentication: _stepUp, ...others } = REFUSALS;
      const theirs = Object.entries(others).map(([code, { status, title, challenge = null }]) => [
        code,
        [status, title, challenge],
      ]);
      expect(result).toEqual(Object.fromEntries(theirs));
    });

    it('accepts under several secrets, while one replaces another, and under no third', async () => {
      const [current, previous, third] = ['current', 'previous', 'third'].map(
        (name) => `the ${name} secret of these tests, which signs nothing else`,
      ) as [string, string, string];
      const verifier = await latchkey.verifier({ ...common, secrets: [current, previous] });

      expect(await verifier.codeOf(sign(aSecretKey(current)))).toBeUndefined();
      expect(await verifier.codeOf(sign(aSecretKey(previous)))).toBeUndefined();
      expect(await verifier.codeOf(sign(aSecretKey(third)))).toBe('token_invalid');
    });

    it('takes secrets and public keys together, for the time between HS256 and ES256', async () => {
      const [secret, pair] = [aSecretKey('a secret from before there were key pairs'), aKeyPair('ES256')];
      const pem = createPublicKey(pair.signingKey).export({ type: 'spki', format: 'pem' }).toString();
      const verifier = await latchkey.verifier({
        ...common,
        secrets: ['a secret from before there were key pairs'],
        public_keys: [pem],
      });

      expect(await verifier.codeOf(sign(secret))).toBeUndefined();
      expect(await verifier.codeOf(sign(pair))).toBeUndefined();
    });

    it('fetches a key that it does not know, and keeps the one before', async () => {
      const [before, next] = [aKeyPair('ES256'), aKeyPair('ES256')];
      const jwks = await aJwks(before);
      const verifier = await latchkey.verifier({
        ...common,
        jwks_url: jwks.url,
        jwks_min_interval_seconds: 0.1,
      });
      await verifier.ready();
      expect(await verifier.codeOf(sign(before))).toBeUndefined();

      jwks.keys = [next, before];

      const code = await eventually(
        () => verifier.codeOf(sign(next)),
        (code) => code === undefined,
      );
      expect(code).toBeUndefined();
      expect(await verifier.codeOf(sign(before))).toBeUndefined();
      await verifier.close();
    });

    it('keeps its keys where they cannot be fetched, and says so of a key that it does not know', async () => {
      const [known, unknown] = [aKeyPair('ES256'), aKeyPair('RS256')];
      const jwks = await aJwks(known);
      const verifier = await latchkey.verifier({
        ...common,
        jwks_url: jwks.url,
        jwks_min_interval_seconds: 0,
      });
      await verifier.ready();
      jwks.status = 500;

      expect(await verifier.codeOf(sign(unknown))).toBe('keys_unavailable');
      expect(await verifier.codeOf(sign(known))).toBeUndefined();
      await verifier.close();
    });

    it('trusts no key that was taken away', async () => {
      const [leaked, next] = [aKeyPair('ES256'), aKeyPair('ES256')];
      const jwks = await aJwks(leaked);
      const verifier = await latchkey.verifier({
        ...common,
        jwks_url: jwks.url,
        jwks_min_interval_seconds: 0,
      });
      await verifier.ready();
      jwks.keys = [next];
      expect(await verifier.codeOf(sign(next))).toBeUndefined();

      expect(await verifier.codeOf(sign(leaked))).toBe('token_invalid');
      await verifier.close();
    });

    it.each<[what: string, keys: object[]]>([
      ['a secret, which does not belong there', [{ kty: 'oct', k: 'c2VjcmV0', kid: 'KID', alg: 'HS256' }]],
      ['a key for something else', [{ ...aKeyPair('ES256').jwk, use: 'enc' }]],
      ['a key of another curve', [{ ...aKeyPair('ES256').jwk, crv: 'P-384' }]],
      ['a key without a name', [{ ...aKeyPair('ES256').jwk, kid: undefined }]],
      ['no key', []],
    ])('is not ready with a JWK Set of %s', async (_what, keys) => {
      const jwks = await serve((_req, res) => res.end(JSON.stringify({ keys })));
      const verifier = await latchkey.verifier({ ...common, jwks_url: jwks });

      const { raised } = await verifier.ready();

      expect(raised).toMatch(/^RuntimeError: no keys: .+ has none; under HS256 give the secret instead$/);
      await verifier.close();
    });

    it('is not ready where nothing answers, waits no longer than it may, and refuses with 503 meanwhile', async () => {
      const verifier = await latchkey.verifier({
        ...common,
        jwks_url: `http://127.0.0.1:${await freePort()}/`,
      });

      expect((await verifier.ready(0.1)).raised).toMatch(/^TimeoutError: /);
      expect(await verifier.verify(sign(aKeyPair('ES256')))).toMatchObject({
        code: 'keys_unavailable',
        status: 503,
        headers: { 'Retry-After': '1' },
      });
      await verifier.close();
    });

    it('follows no redirect: what is asked for is where the operator says', async () => {
      const jwks = await aJwks(aKeyPair('ES256'));
      const url = await serve((_req, res) => {
        res.writeHead(302, { Location: jwks.url }).end();
      });
      const verifier = await latchkey.verifier({ ...common, jwks_url: url });

      await verifier.ready(0.5);
      await verifier.close();

      expect(jwks.fetches).toBe(0);
    });

    it.each<[what: string, options: object]>([
      ['no key', {}],
      ['an empty secret', { secrets: [''] }],
      ['a secret in place of a list', { secrets: 'a secret' }],
      ['a public key as a secret', { secrets: [pemOf(aKeyPair('ES256'))] }],
      ['a secret as a public key', { public_keys: ['a secret'] }],
      ['a private key as a public one', { public_keys: [privatePemOf(aKeyPair('ES256'))] }],
      ['keys and a URL', { secrets: ['a secret'], jwks_url: 'http://localhost/' }],
      ['a URL that is none', { jwks_url: 'file:///etc/passwd' }],
      ['an empty audience', { secrets: ['a secret'], audience: '' }],
      ['no issuer', { secrets: ['a secret'], issuer: null }],
      ['an endless tolerance', { secrets: ['a secret'], leeway_seconds: 3600 }],
      ['a misspelled option', { secrets: ['a secret'], leeway: 5 }],
      ['a feed that is none', { secrets: ['a secret'], revocations: feed({ url: 'http://localhost/' }) }],
      [
        'a word that it does not know',
        { secrets: ['a secret'], revocations: feed({ when_stale: 'ignore' }) },
      ],
      ['no secret of a client', { secrets: ['a secret'], revocations: feed({ client_secret: '' }) }],
      ['a lag of nothing', { secrets: ['a secret'], revocations: feed({ max_lag_seconds: 0 }) }],
    ])('does not begin with %s', async (_what, options) => {
      await expect(latchkey.verifier({ ...common, ...options })).rejects.toThrow(/^(?:Type|Value)Error: /);
    });

    describe('authorizes a request', () => {
      let verifier: PythonVerifier;
      const key = aSecretKey('a secret of the tests of these headers alone');
      const token = sign(key, { scope: 'posts:read posts:write', roles: ['author', 'user'] });
      beforeAll(async () => {
        verifier = await latchkey.verifier({
          ...common,
          secrets: ['a secret of the tests of these headers alone'],
        });
      });

      it.each<[what: string, headers: string[], needs: object]>([
        ['of any valid token', [`Bearer ${token}`], {}],
        ['by a scheme in small letters', [`bearer  ${token}`], {}],
        ['that has the permission', [`Bearer ${token}`], { scope: 'posts:read' }],
        ['that has all of them', [`Bearer ${token}`], { scope: 'posts:write posts:read' }],
        ['that has the role', [`Bearer ${token}`], { scope: 'posts:read', role: 'author' }],
      ])('%s', async (_what, headers, needs) => {
        expect((await verifier.authorize(headers, needs)).result).toMatchObject({
          roles: ['author', 'user'],
        });
      });

      it.each<[code: string, headers: string[], needs: object, challenge: string]>([
        ['token_missing', [], {}, 'Bearer realm="latchkey"'],
        ['token_missing', ['Basic YWRhOnNlY3JldA=='], {}, 'Bearer realm="latchkey"'],
        [
          'invalid_request',
          [`Bearer ${token}`, `Bearer ${token}`],
          {},
          'Bearer realm="latchkey", error="invalid_request", error_description="The request is malformed"',
        ],
        [
          'invalid_request',
          ['Bearer two tokens'],
          {},
          'Bearer realm="latchkey", error="invalid_request", error_description="The request is malformed"',
        ],
        [
          'token_expired',
          [`Bearer ${sign(key, { iat: 1_700_000_000, exp: 1_700_000_900 })}`],
          {},
          'Bearer realm="latchkey", error="invalid_token", error_description="The access token has expired"',
        ],
        [
          'insufficient_scope',
          [`Bearer ${token}`],
          { scope: 'posts:read posts:delete' },
          'Bearer realm="latchkey", error="insufficient_scope", error_description="The token does not allow this", scope="posts:read posts:delete"',
        ],
        [
          'insufficient_role',
          [`Bearer ${token}`],
          { role: 'Author' },
          'Bearer realm="latchkey", error="insufficient_scope", error_description="The token is not of a user with this role"',
        ],
      ])('or refuses it: %s', async (code, headers, needs, challenge) => {
        const answer = await verifier.authorize(headers, needs);

        expect(answer).toMatchObject({ code, headers: { 'WWW-Authenticate': challenge } });
        expect(answer.headers).not.toHaveProperty('Retry-After');
      });

      it.each<[what: string, needs: object]>([
        ['an empty permission', { scope: '' }],
        ['a list of permissions', { scope: ['posts:read'] }],
        ['a role that would end its quotation', { role: 'x", error="none' }],
      ])('never by %s, which would check less than was meant', async (_what, needs) => {
        expect((await verifier.authorize([`Bearer ${token}`], needs)).raised).toMatch(/^ValueError: /);
      });
    });
  });
});

function feed(options: object) {
  return { url: 'http://localhost/revocations', client_id: 'id', client_secret: 'secret', ...options };
}

function pemOf({ signingKey }: TestKey): string {
  return createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }).toString();
}

function privatePemOf({ signingKey }: TestKey): string {
  return signingKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function aSecret(text: string) {
  return { algorithm: 'HS256', key: aSecretKey(text).signingKey } as const;
}
