import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKeyRing, secretKey } from '../../src/core/tokens/keys.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const OLD_SECRET = 'the-first-secret-of-the-rotation-tests-0123';
const NEW_SECRET = 'the-second-secret-of-the-rotation-tests-456';

const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const EC_PRIVATE = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const EC_PUBLIC = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RSA_PRIVATE = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const OLD = { JWT_SECRET: OLD_SECRET };
const BOTH_OLD_FIRST = { JWT_SECRET: OLD_SECRET, JWT_PREVIOUS_SECRETS: NEW_SECRET };
const NEW = { JWT_SECRET: NEW_SECRET, JWT_PREVIOUS_SECRETS: OLD_SECRET };
const ES256 = {
  JWT_SECRET: NEW_SECRET,
  JWT_PREVIOUS_SECRETS: `${NEW_SECRET},${OLD_SECRET}`,
  JWT_ALG: 'ES256',
  JWT_PRIVATE_KEY: EC_PRIVATE,
};
const RS256 = {
  ...ES256,
  JWT_ALG: 'RS256',
  JWT_PRIVATE_KEY: RSA_PRIVATE,
  JWT_PREVIOUS_PUBLIC_KEYS: EC_PUBLIC,
};

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

function part(token: string, index: 0 | 1): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function logIn(app: TestApp): Promise<Tokens> {
  const { token, refreshToken } = await signUp(app);
  return { access: token, refresh: refreshToken };
}

/** Whether the app takes the access token and refreshes; `tokens` are the ones to go on with. */
async function use(app: TestApp, { access, refresh }: Tokens) {
  const verified = await app.get('/verify').auth(access, { type: 'bearer' });
  const refreshed = await app.post('/refresh').send({ refresh_token: refresh });
  return {
    statuses: [verified.status, refreshed.status],
    tokens: {
      access: refreshed.body.access_token as string,
      refresh: refreshed.body.refresh_token as string,
    },
  };
}

onEachDatabase((kind) => {
  describe('A rotation of keys', () => {
    let shared = '';
    const running: TestApp[] = [];

    /** Another replica on the same database; the first one makes it and is stopped last. */
    async function start(env: Record<string, string>): Promise<TestApp> {
      const app = await startApp(kind, env, (url) => {
        shared ||= url;
        return shared;
      });
      const ahead = (running[0]?.clock.now() ?? app.clock.now()) - app.clock.now();
      app.clock.advanceSeconds(ahead / 1000);
      running.push(app);
      return app;
    }

    afterAll(async () => {
      const violations = running.flatMap((app) => app.contractViolations);
      for (const app of running.reverse()) await app.stop();
      expect(violations).toEqual([]);
    });

    let old: TestApp;
    beforeAll(async () => {
      old = await start(OLD);
    });

    it('logs no user out from secret to secret to ES256 to RS256, whenever they logged in', async () => {
      let live = [await logIn(old)];

      for (const env of [NEW, ES256, RS256]) {
        const app = await start(env);
        const outcomes = await Promise.all(live.map((tokens) => use(app, tokens)));
        expect(outcomes.map(({ statuses }) => statuses)).toEqual(live.map(() => [200, 200]));
        // One that was refreshed before the step, one that was not, and one that logs in after it.
        live = [...outcomes.map(({ tokens }) => tokens), await logIn(app)];
      }

      expect(live).toHaveLength(4);
      expect(live.map(({ access }) => part(access, 0).alg)).toEqual(Array(4).fill('RS256'));
    });

    it('signs with the new key from its first answer on, and names it', async () => {
      const [next, ecOne, rsaOne] = [await start(NEW), await start(ES256), await start(RS256)];
      const headers = [];
      for (const app of [old, next, ecOne, rsaOne]) headers.push(part((await logIn(app)).access, 0));

      expect(headers).toEqual([
        { alg: 'HS256', typ: 'at+jwt', kid: secretKey(OLD_SECRET).kid },
        { alg: 'HS256', typ: 'at+jwt', kid: secretKey(NEW_SECRET).kid },
        { alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) },
        { alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) },
      ]);
      expect(new Set(headers.map(({ kid }) => kid)).size).toBe(4);
    });

    it('one replica after another logs no user out where all knew the new secret before one signs with it', async () => {
      const waiting = await start(BOTH_OLD_FIRST);
      const done = await start(NEW);
      let tokens = await logIn(waiting);

      for (const replica of [done, waiting, done, waiting]) {
        const outcome = await use(replica, tokens);
        expect(outcome.statuses).toEqual([200, 200]);
        tokens = outcome.tokens;
      }
    });

    it('one replica after another moves to ES256 where all knew the public key before', async () => {
      const waiting = await start({ ...NEW, JWT_PREVIOUS_PUBLIC_KEYS: EC_PUBLIC });
      const done = await start(ES256);
      let tokens = await logIn(waiting);

      for (const replica of [done, waiting, done, waiting]) {
        const outcome = await use(replica, tokens);
        expect(outcome.statuses).toEqual([200, 200]);
        tokens = outcome.tokens;
      }
      const { body } = await waiting.get('/.well-known/jwks.json').expect(200);
      expect(body.keys).toHaveLength(1);
    });

    it('gives a refresh token that is shown twice the same session step under either secret', async () => {
      const [waiting, done] = [await start(BOTH_OLD_FIRST), await start(NEW)];
      const { refresh } = await logIn(old);

      const atOne = await waiting.post('/refresh').send({ refresh_token: refresh }).expect(200);
      const atOther = await done.post('/refresh').send({ refresh_token: refresh }).expect(200);

      const step = (token: string) => token.split('.').slice(0, 2).join('.');
      expect(step(atOther.body.refresh_token)).toBe(step(atOne.body.refresh_token));
      await done.post('/refresh').send({ refresh_token: atOne.body.refresh_token }).expect(200);
      await waiting.post('/refresh').send({ refresh_token: atOther.body.refresh_token }).expect(200);
    });

    it('revokes sessions of the time before it all the same', async () => {
      const app = await start(NEW);
      const first = await logIn(old);
      await app.post('/logout').auth(first.access, { type: 'bearer' }).expect(204);
      expect((await use(app, first)).statuses).toEqual([401, 401]);

      const second = await logIn(old);
      await app.post('/logout').send({ refresh_token: second.refresh }).expect(204);
      expect((await use(app, second)).statuses).toEqual([401, 401]);
    });

    it('refuses what was made with a secret that has been taken away', async () => {
      const tokens = await logIn(old);
      const without = await start({ JWT_SECRET: NEW_SECRET });

      const access = await without.get('/verify').auth(tokens.access, { type: 'bearer' }).expect(401);
      const refresh = await without.post('/refresh').send({ refresh_token: tokens.refresh }).expect(401);

      expect([access.body.code, refresh.body.code]).toEqual(['token_invalid', 'invalid_refresh_token']);
    });

    it('takes no access token made with the secret of the refresh tokens once it is ES256, unless that is listed', async () => {
      const tokens = await logIn(old);
      const app = await start({ JWT_SECRET: OLD_SECRET, JWT_ALG: 'ES256', JWT_PRIVATE_KEY: EC_PRIVATE });

      const { statuses } = await use(app, tokens);

      expect(statuses).toEqual([401, 200]);
    });
  });
});

describe('A token under another algorithm than its key has', () => {
  let app: TestApp;
  let claims: Record<string, unknown>;
  let good: string;

  beforeAll(async () => {
    app = await startApp('SQLite', ES256);
    good = (await logIn(app)).access;
    claims = part(good, 1);
  });
  afterAll(() => app.stop());

  const kidOf = (env: 'ES256' | 'HS256') =>
    env === 'HS256'
      ? secretKey(NEW_SECRET).kid
      : createKeyRing({
          algorithm: 'ES256',
          secret: NEW_SECRET,
          privateKey: EC_PRIVATE,
          previousSecrets: [],
          previousPublicKeys: [],
          appSecrets: [NEW_SECRET],
        }).current.kid;

  async function expectRefused(header: object, sign: (signed: string) => string): Promise<void> {
    const signed = `${encode({ typ: 'at+jwt', ...header })}.${encode(claims)}`;
    const { body } = await app
      .get('/verify')
      .auth(`${signed}.${sign(signed)}`, { type: 'bearer' })
      .expect(401);
    expect(body.code).toBe('token_invalid');
  }

  const hmac = (key: string | Buffer) => (signed: string) =>
    createHmac('sha256', key).update(signed).digest('base64url');

  it('is not the good token itself', async () => {
    await app.get('/verify').auth(good, { type: 'bearer' }).expect(200);
  });

  it.each<[what: string, key: string | Buffer]>([
    ['in PEM', EC_PUBLIC],
    ['in PEM without the last line break', EC_PUBLIC.trimEnd()],
    ['in DER', createPublicKey(EC_PUBLIC).export({ type: 'spki', format: 'der' })],
    ['as a JWK', JSON.stringify(createPublicKey(EC_PUBLIC).export({ format: 'jwk' }))],
  ])('is refused as HS256 with the public key %s for a secret', async (_what, key) => {
    await expectRefused({ alg: 'HS256', kid: kidOf('ES256') }, hmac(key));
    await expectRefused({ alg: 'HS256', kid: secretKey(key.toString()).kid }, hmac(key));
    await expectRefused({ alg: 'HS256' }, hmac(key));
  });

  it('is refused with the kid of the secret and the signature of the key, and the other way round', async () => {
    const signature = good.split('.')[2] ?? '';

    await expectRefused({ alg: 'ES256', kid: kidOf('HS256') }, () => signature);
    await expectRefused({ alg: 'ES256', kid: kidOf('ES256') }, hmac(NEW_SECRET));
    await expectRefused({ alg: 'HS256', kid: kidOf('ES256') }, hmac(NEW_SECRET));
    await expectRefused({ alg: 'ES256', kid: kidOf('HS256') }, hmac(NEW_SECRET));
  });

  it.each(['none', 'None', 'HS384', 'ES384', 'PS256', 'RS256', 'es256', '', null])(
    'is refused when it names %j with a kid that is known',
    async (alg) => {
      await expectRefused({ alg, kid: kidOf('ES256') }, () => good.split('.')[2] ?? '');
      await expectRefused({ alg, kid: kidOf('ES256') }, () => '');
    },
  );

  it('is accepted when the listed secret made it as HS256, as before the move', async () => {
    const signed = `${encode({ typ: 'at+jwt', alg: 'HS256', kid: kidOf('HS256') })}.${encode(claims)}`;

    await app
      .get('/verify')
      .auth(`${signed}.${hmac(NEW_SECRET)(signed)}`, { type: 'bearer' })
      .expect(200);
  });
});
