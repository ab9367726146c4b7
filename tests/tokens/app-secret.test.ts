import { createSecretKey } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { createRefreshTokens } from '../../src/core/sessions/refresh-token.ts';
import { createDeviceTokens } from '../../src/core/sign-in/device-tokens.ts';
import { readKeyMaterial } from '../../src/core/tokens/key-material.ts';
import { createKeyRing, secretKey } from '../../src/core/tokens/keys.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { forger } from '../support/forge-token.ts';
import { aPerson, signUp } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const JWT = 'the-shared-secret-of-access-tokens-0123456789';
const APP = 'the-own-secret-of-this-service-9876543210-abc';
const NEXT_APP = 'the-next-own-secret-of-this-service-54321-xyz';

/** Before there was an APP_SECRET, and in each step of its way. */
const OLD = { JWT_SECRET: JWT };
const KNOWN = { JWT_SECRET: JWT, APP_PREVIOUS_SECRETS: APP };
const UPGRADED = { JWT_SECRET: JWT, APP_SECRET: APP, APP_PREVIOUS_SECRETS: JWT };
const DONE = { JWT_SECRET: JWT, APP_SECRET: APP };
const ROTATED = { JWT_SECRET: JWT, APP_SECRET: NEXT_APP, APP_PREVIOUS_SECRETS: APP };

const newDirectory = useDirectories();

onEachDatabase((kind) => {
  describe('APP_SECRET', () => {
    let shared = '';
    const running: TestApp[] = [];
    let old: TestApp;

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

    beforeAll(async () => {
      old = await start(OLD);
    });
    afterAll(async () => {
      for (const app of running.reverse()) await app.stop();
    });

    const refresh = (app: TestApp, token: string) => app.post('/refresh').send({ refresh_token: token });

    it('takes the place of JWT_SECRET, and is rotated, without logging anybody out', async () => {
      const person = await signUp(old);
      let { refreshToken, deviceToken } = person;

      for (const env of [KNOWN, UPGRADED, DONE, ROTATED] as Record<string, string>[]) {
        const app = await start(env);
        await app.get('/me').auth(person.token, { type: 'bearer' }).expect(200);
        expect(app.deviceTokens.recognize(deviceToken)).toBeDefined();
        const { body } = await refresh(app, refreshToken).expect(200);
        refreshToken = body.refresh_token;
        const login = await app
          .post('/login')
          .send({ email: person.email, password: person.password, device_token: deviceToken })
          .expect(200);
        // By the secret that is current now, so that it goes on being known when the one before is gone.
        deviceToken = login.body.device_token;
        const secret = env.APP_SECRET ?? JWT;
        expect(createDeviceTokens([secretKey(secret)]).recognize(deviceToken)).toBeDefined();
      }
    });

    it('takes it one replica after another where all knew it before one makes tokens with it', async () => {
      const [waiting, done] = [await start(KNOWN), await start(UPGRADED)];
      let { refreshToken } = await signUp(waiting);

      for (const app of [done, waiting, done, waiting]) {
        refreshToken = (await refresh(app, refreshToken).expect(200)).body.refresh_token;
      }
    });

    it('refuses what JWT_SECRET made once that is listed no more, which ends what its holders can make', async () => {
      const { refreshToken, sessionId, deviceToken, id } = await signUp(old);
      const { body } = await refresh(old, refreshToken).expect(200);
      const [upgraded, done] = [await start(UPGRADED), await start(DONE)];
      const forged = createRefreshTokens([secretKey(JWT)]).issue({ sessionId, counter: 1 });
      expect(forged).toBe(body.refresh_token);

      const refused = await refresh(done, forged).expect(401);
      expect(refused.body.code).toBe('invalid_refresh_token');
      expect(done.deviceTokens.recognize(deviceToken)).toBeUndefined();
      const user = await done.store.users.findById(id);
      if (user === null) throw new Error('there is no such user');
      expect(done.deviceTokens.read(createDeviceTokens([secretKey(JWT)]).issue(user), user)).toBeNull();
      await refresh(upgraded, forged).expect(200);
    });

    it('makes no access token, so that whoever learns it alone cannot either', async () => {
      const done = await start(DONE);
      const { token } = await signUp(done);
      const forgedWith = (secret: string) => {
        const key = { algorithm: 'HS256', key: createSecretKey(secret, 'utf8') } as const;
        return forger(token, key)({ header: { kid: secretKey(secret).kid } });
      };

      const { body } = await done.get('/verify').auth(forgedWith(APP), { type: 'bearer' }).expect(401);

      expect(body.code).toBe('token_invalid');
      await done.get('/verify').auth(forgedWith(JWT), { type: 'bearer' }).expect(200);
    });

    it('alone is enough under ES256, where nothing is signed with a secret', async () => {
      const directory = newDirectory();
      const app = await start({ JWT_SECRET: '', APP_SECRET: APP, JWT_ALG: 'ES256', DATA_DIR: directory });
      const { refreshToken } = await signUp(app);

      await refresh(app, refreshToken).expect(200);

      expect(readdirSync(directory)).toEqual(['jwt-key-es256.pem']);
    });
  });
});

/** The key material of an environment, with what its data directory keeps. */
function materialOf(env: Record<string, string>) {
  return readKeyMaterial(loadConfig(env).tokens);
}

describe('The keys that a data directory keeps', () => {
  it('are a secret for access tokens and another for the rest, both readable by the owner alone', () => {
    const directory = join(newDirectory(), 'data');

    const { secret, appSecrets, privateKey } = materialOf({ DATA_DIR: directory });

    expect(appSecrets).toHaveLength(1);
    expect(secret).not.toBe(appSecrets[0]);
    expect(privateKey).toBeUndefined();
    expect(readdirSync(directory).sort()).toEqual(['app-secret', 'jwt-secret']);
    for (const file of readdirSync(directory)) {
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    }
    expect(materialOf({ DATA_DIR: directory })).toEqual(materialOf({ DATA_DIR: directory }));
    expect(materialOf({ DATA_DIR: directory })).toMatchObject({ secret, appSecrets });
  });

  it('are of an older installation when there is only the one: that goes on verifying, in the second line', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'jwt-secret'), `${JWT}\n`);

    const { secret, appSecrets } = materialOf({ DATA_DIR: directory });

    expect(secret).toBe(JWT);
    expect(appSecrets).toEqual([expect.stringMatching(/^[\w-]{43}$/), JWT]);
    expect(readFileSync(join(directory, 'app-secret'), 'utf8').split('\n')).toEqual(appSecrets);
    // Without that line it verifies nothing more.
    writeFileSync(join(directory, 'app-secret'), appSecrets[0]);
    expect(materialOf({ DATA_DIR: directory }).appSecrets).toEqual([appSecrets[0]]);
  });

  it.each([
    [{ JWT_SECRET: JWT }, [JWT]],
    [{ JWT_SECRET: JWT, JWT_PREVIOUS_SECRETS: 'one,two' }, [JWT, 'one', 'two']],
    [{ JWT_SECRET: JWT, APP_PREVIOUS_SECRETS: APP, JWT_PREVIOUS_SECRETS: 'one' }, [JWT, APP, 'one']],
    [{ JWT_SECRET: JWT, APP_SECRET: APP, JWT_PREVIOUS_SECRETS: 'one' }, [APP]],
    [{ APP_SECRET: APP, APP_PREVIOUS_SECRETS: 'one' }, [APP, 'one']],
  ])('do not take the place of %j, on which several hosts may have to agree', (env, appSecrets) => {
    const directory = newDirectory();
    materialOf({ DATA_DIR: directory });

    expect(materialOf({ DATA_DIR: directory, ...env }).appSecrets).toEqual(appSecrets);
  });

  it.each(['ES256', 'RS256'])('are a private key under %s, the same at the next start', (algorithm) => {
    const directory = newDirectory();
    const env = { DATA_DIR: directory, JWT_ALG: algorithm };

    const material = materialOf(env);

    const file = join(directory, `jwt-key-${algorithm.toLowerCase()}.pem`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(createKeyRing(material).current.algorithm).toBe(algorithm);
    expect(materialOf(env)).toEqual(material);
    // Nothing is signed with a secret.
    expect(existsSync(join(directory, 'jwt-secret'))).toBe(false);
  });

  it('are refused where one line of the secrets is cut short', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'app-secret'), `${APP}\nshort`);

    expect(() => materialOf({ DATA_DIR: directory })).toThrow(join(directory, 'app-secret'));
  });
});

describe('A server without any configuration', () => {
  async function post(server: ServerProcess, path: string, body: object) {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }

  it('keeps its users logged in when it is upgraded to a secret of its own', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data/jwt-secret'), JWT);
    // As before: the one secret makes all.
    const before = await startServer(directory, { JWT_SECRET: JWT });
    const { body: tokens } = await post(before, '/signup', aPerson());
    await before.stop();

    const after = await startServer(directory);
    const headers = { Authorization: `Bearer ${tokens.access_token}` };
    const me = await fetch(`${after.url}/me`, { headers });
    const refreshed = await post(after, '/refresh', { refresh_token: tokens.refresh_token ?? '' });
    await after.stop();

    expect([me.status, refreshed.status]).toEqual([200, 200]);
    const kept = readFileSync(join(directory, 'data/app-secret'), 'utf8').split('\n');
    const { sessionId, counter } = createRefreshTokens([secretKey(kept[0] ?? '')]).read(
      refreshed.body.refresh_token ?? '',
    ) ?? { sessionId: '', counter: -1 };
    expect({ sessionId: sessionId.length, counter }).toEqual({ sessionId: 36, counter: 1 });
  });

  it('signs with a key that it makes where JWT_ALG=ES256 is all that is set, in all of its processes', async () => {
    const directory = newDirectory();
    const env = { JWT_ALG: 'ES256', WEB_CONCURRENCY: '2', PUBLIC_URL: 'http://localhost:3000' };
    const first = await startServer(directory, env);
    const { body: tokens } = await post(first, '/signup', aPerson());
    const keys = await (await fetch(`${first.url}/.well-known/jwks.json`)).json();
    await first.stop();

    const second = await startServer(directory, env);
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const headers = { Authorization: `Bearer ${tokens.access_token}`, Connection: 'close' };
        return (await fetch(`${second.url}/verify`, { headers })).status;
      }),
    );
    const keysAfter = await (await fetch(`${second.url}/.well-known/jwks.json`)).json();
    await second.stop();

    expect(answers).toEqual(Array(6).fill(200));
    expect(keysAfter).toEqual(keys);
    expect(keys).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256' }] });
    expect(statSync(join(directory, 'data/jwt-key-es256.pem')).mode & 0o777).toBe(0o600);
  });
});
