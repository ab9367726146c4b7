import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Test } from 'supertest';
import { cookieKeyOf } from '../../src/core/cookie-sessions/cookie-id.ts';
import { createEnding } from '../../src/core/sessions/ending.ts';
import { anAdmin, OPERATOR } from '../support/admins.ts';
import { startApp, type TestApp } from '../support/app.ts';
import {
  asPage,
  type Browser,
  cookieIdIn,
  logInByCookie,
  PAGE,
  sessionCookieIn,
  setCookiesIn,
  signUpByCookie,
  untilRedisIsUp,
} from '../support/cookies.ts';
import { aPerson, type Person, signUp } from '../support/people.ts';
import { onRedis } from '../support/redis.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { sumOf } from '../support/scrape.ts';
import { eventually } from '../support/several-processes.ts';

const PATIENCE_MILLISECONDS = 1000;
const CONNECTED = 'redis is connected';
const REFUSED = 'redis rejects commands: this process counts by itself';

const LOSSES = [
  {
    how: 'is killed',
    lose: (redis: RedisServer) => redis.kill(),
    giveBack: (redis: RedisServer) => redis.restart(),
  },
  {
    how: 'is frozen',
    lose: async (redis: RedisServer) => redis.pause(),
    giveBack: async (redis: RedisServer) => redis.resume(),
  },
];

onRedis(() => {
  let redis: RedisServer;
  let app: TestApp;

  beforeEach(async () => {
    redis = await startRedisServer();
    app = await startWith();
  });
  afterEach(async () => {
    const violations = app.contractViolations;
    await app.stop();
    await redis.stop();
    expect(violations).toEqual([]);
  });

  async function startWith(env: Record<string, string> = {}): Promise<TestApp> {
    const started = await startApp('SQLite', { CORS_ORIGINS: PAGE, REDIS_URL: redis.url, ...env });
    await untilRedisIsUp(started);
    return started;
  }

  /** Without limits nothing but the sessions shows that Redis is away. */
  async function startWithoutLimits(): Promise<void> {
    await app.stop();
    app = await startWith({ RATE_LIMITS: 'off' });
  }

  async function asOperator<Result>(work: (operator: Redis) => Promise<Result>): Promise<Result> {
    const operator = new Redis(redis.url);
    try {
      return await work(operator);
    } finally {
      operator.disconnect();
    }
  }

  const read = ({ cookie }: Browser) => app.get('/me').set('Cookie', cookie);
  const signUpAs = (person: Person) =>
    app
      .post('/signup')
      .set('Origin', PAGE)
      .send({ ...person, transport: 'cookie' });
  const logInAs = ({ email, password }: Person) =>
    app.post('/login').set('Origin', PAGE).send({ email, password, transport: 'cookie' });

  async function inTime(request: Test): Promise<Awaited<Test>> {
    const begunAt = performance.now();
    const response = await request;
    expect(performance.now() - begunAt).toBeLessThan(PATIENCE_MILLISECONDS);
    return response;
  }

  async function expectUnavailable(request: Test): Promise<void> {
    const response = await inTime(request);
    expect(response.body.code).toBe('session_store_unavailable');
    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
    expect(setCookiesIn(response)).toEqual([]);
  }

  async function expectEnded(request: Test): Promise<void> {
    const response = await request;
    expect(response.status).toBe(401);
    expect(response.body.code).toBe('session_ended');
    expect(setCookiesIn(response)).toEqual(['latchkey=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
  }

  const hashesMade = async () => sumOf(await app.scrape(), 'latchkey_hash_duration_seconds_count');
  const timesConnected = () => app.logs.entries().filter(({ msg }) => msg === CONNECTED).length;
  const keyInRedis = ({ cookie }: Browser) => `latchkey:session:${cookieKeyOf(cookieIdIn(cookie))}`;

  async function expectNothingOf({ email }: Person, sessionsBefore: number): Promise<void> {
    expect(await app.models.users.count({ where: { email } })).toBe(0);
    expect(await app.models.sessions.count()).toBe(sessionsBefore);
  }

  describe.each(LOSSES)('A Redis that $how', ({ lose, giveBack }) => {
    it('answers requests with a cookie within a second that they should come again', async () => {
      const browser = await signUpByCookie(app);
      await lose(redis);

      await expectUnavailable(read(browser));
      await expectUnavailable(asPage(app.patch('/me'), browser).send({ name: 'Grace' }));
      await expectUnavailable(app.get('/verify').set('Cookie', browser.cookie));
    });

    it('keeps none of many requests at once waiting', async () => {
      const browser = await signUpByCookie(app);
      await lose(redis);
      await Promise.all(Array.from({ length: 30 }, () => expectUnavailable(read(browser))));
    });

    it('leaves requests with a token as they are', async () => {
      const { token, refreshToken } = await signUp(app);
      await lose(redis);

      for (const path of ['/me', '/sessions', '/verify']) {
        const response = await inTime(app.get(path).auth(token, { type: 'bearer' }));
        expect(response.status).toBe(200);
      }
      const refreshed = await inTime(app.post('/refresh').send({ refresh_token: refreshToken }));
      expect(refreshed.status).toBe(200);
      expect((await inTime(app.post('/signup').send(aPerson()))).status).toBe(201);
    });

    it('has a sign-in by cookie refused before a password is hashed, once it is known to be away', async () => {
      const browser = await signUpByCookie(app);
      await lose(redis);
      await expectUnavailable(read(browser));
      const [hashes, sessions] = [await hashesMade(), await app.models.sessions.count()];
      const person = aPerson();

      await expectUnavailable(signUpAs(person));
      await expectUnavailable(logInAs(browser));

      expect(await hashesMade()).toBe(hashes);
      await expectNothingOf(person, sessions);
    });

    it('leaves no account and no session of a sign-in by cookie that it fails', async () => {
      await startWithoutLimits();
      const browser = await signUpByCookie(app);
      const sessions = await app.models.sessions.count();
      const hashes = await hashesMade();
      const person = aPerson();
      await lose(redis);

      await Promise.all([expectUnavailable(signUpAs(person)), expectUnavailable(logInAs(browser))]);

      expect(await hashesMade()).toBeLessThanOrEqual(hashes + 2);
      await expectNothingOf(person, sessions);
      await giveBack(redis);
      await app.logs.logged(CONNECTED, timesConnected() + 1);
      await signUpAs(person).expect(201);
    });

    it('lets a browser log out all the same, and the session stays ended although Redis still holds it', async () => {
      const browser = await signUpByCookie(app);
      const key = keyInRedis(browser);
      const record = (await asOperator((operator) => operator.get(key))) ?? '';
      await lose(redis);
      await expectUnavailable(read(browser));
      const connected = timesConnected();

      const response = await inTime(asPage(app.post('/logout'), browser));

      expect(response.status).toBe(204);
      expect(setCookiesIn(response)).toEqual(['latchkey=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
      await giveBack(redis);
      await app.logs.logged(CONNECTED, connected + 1);
      // One that is killed keeps what it has saved on disk.
      await asOperator((operator) => operator.set(key, record, 'EX', 1000));
      await expectEnded(read(browser));
      await app.cookieSessions.housekeeping();
      expect(await asOperator((operator) => operator.exists(key))).toBe(0);
    });

    it('serves sessions again when it is back, without a restart', async () => {
      for (let times = 1; times <= 2; times++) {
        const before = await signUpByCookie(app);
        await lose(redis);
        await expectUnavailable(read(before));
        await giveBack(redis);
        await app.logs.logged(CONNECTED, times + 1);

        const browser = await signUpByCookie(app);
        await read(browser).expect(200);
        await logInByCookie(app, before);
      }
    });
  });

  describe('A Redis that was frozen', () => {
    it('still has the sessions', async () => {
      const browser = await signUpByCookie(app);
      redis.pause();
      await expectUnavailable(read(browser));
      redis.resume();
      await app.logs.logged(CONNECTED, 2);
      await read(browser).expect(200);
    });
  });

  describe('A Redis that is full', () => {
    const fill = () => asOperator((operator) => operator.config('SET', 'maxmemory', '1'));
    const makeRoom = () => asOperator((operator) => operator.config('SET', 'maxmemory', '0'));

    it('goes on with the sessions that it has, and refuses sign-ins by cookie', async () => {
      const browser = await signUpByCookie(app);
      const sessions = await app.models.sessions.count();
      const person = aPerson();
      await fill();

      await expectUnavailable(signUpAs(person));
      await expectUnavailable(logInAs(browser));
      await read(browser).expect(200);
      await asPage(app.patch('/me'), browser).send({ name: 'Grace' }).expect(200);

      await expectNothingOf(person, sessions);
      await makeRoom();
      await signUpAs(person).expect(201);
    });

    it('leaves requests with a token as they are', async () => {
      const { token } = await signUp(app);
      await fill();
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      await app.post('/signup').send(aPerson()).expect(201);
    });

    it('leaves a password as it is that has to be changed at a sign-in which it fails', async () => {
      const person = await signUpByCookie(app);
      const { token } = await anAdmin(app);
      await app
        .post(`/admin/users/${person.id}/force-password-change`)
        .auth(token, { type: 'bearer' })
        .expect(200);
      const change = () => logInAs(person).send({ new_password: 'a better horse, a bigger staple' });
      await fill();

      await expectUnavailable(change());

      await makeRoom();
      const response = await change().expect(200);
      await app.get('/me').set('Cookie', sessionCookieIn(response)).expect(200);
      const { body } = await app.get('/me/activity').set('Cookie', sessionCookieIn(response)).expect(200);
      const changes = body.events.filter(({ type }: { type: string }) => type === 'password.changed');
      expect(changes).toHaveLength(1);
    });

    it('goes on with a session as long as an access token would, and can renew it when there is room', async () => {
      const browser = await signUpByCookie(app);
      const { accessTokenTtlSeconds } = app.config.tokens;
      await fill();

      app.clock.advanceSeconds(accessTokenTtlSeconds - 1);
      await read(browser).expect(200);
      app.clock.advanceSeconds(2);
      await expectUnavailable(read(browser));

      await makeRoom();
      await read(browser).expect(200);
    });

    it('forgets a session that has ended', async () => {
      const browser = await signUpByCookie(app);
      await fill();

      await asPage(app.post('/logout'), browser).expect(204);

      await expectEnded(read(browser));
      const isThere = () => asOperator((operator) => operator.exists(keyInRedis(browser)));
      expect(await eventually(isThere, (count) => count === 0)).toBe(0);
    });

    it('is one warning, although it goes on to answer reads between the writes that it refuses', async () => {
      const browser = await signUpByCookie(app);
      await fill();

      for (let times = 0; times < 3; times++) {
        await expectUnavailable(signUpAs(aPerson()));
        await read(browser).expect(200);
        await expectUnavailable(logInAs(browser));
      }

      expect(app.logs.entries().filter(({ msg }) => msg === REFUSED)).toHaveLength(1);
    });
  });

  describe('A Redis that was flushed', () => {
    it('has ended every session, and each browser forgets its cookie', async () => {
      const browsers = [await signUpByCookie(app), await signUpByCookie(app)];

      await asOperator((operator) => operator.flushall());

      for (const browser of browsers) await expectEnded(read(browser));
    });

    it('ends a session also at the moment when it would be renewed', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(app.config.tokens.accessTokenTtlSeconds);
      await asOperator((operator) => operator.flushall());
      await expectEnded(read(browser));
    });

    it('takes the next sign-in', async () => {
      const browser = await signUpByCookie(app);
      await asOperator((operator) => operator.flushall());
      await read(await logInByCookie(app, browser, browser.cookie)).expect(200);
    });
  });

  describe('A record in Redis that is damaged', () => {
    const write = (key: string, record: string) =>
      asOperator((operator) => operator.set(key, record, 'EX', 1000));
    const changed = (change: object) => async (key: string) => {
      const record = JSON.parse((await asOperator((operator) => operator.get(key))) ?? '');
      await write(key, JSON.stringify({ ...record, ...change }));
    };

    it.each([
      ['no JSON', (key) => write(key, '{')],
      ['JSON of something else', (key) => write(key, '[]')],
      ['a text as its time', changed({ iat: 'today' })],
      ['a time that never comes', changed({ iat: 1e300, end: 1e300 })],
      [
        'a list',
        (key) =>
          asOperator(async (operator) => {
            await operator.del(key);
            await operator.lpush(key, '{}');
          }),
      ],
    ] as [string, (key: string) => Promise<unknown>][])(
      'ends its session and no other: %s',
      async (_what, damage) => {
        const [browser, other] = [await signUpByCookie(app), await signUpByCookie(app)];

        await damage(keyInRedis(browser));

        await expectEnded(read(browser));
        await read(other).expect(200);
        expect(app.logs.entries().filter(({ level }) => Number(level) > 40)).toEqual([]);
        await read(await logInByCookie(app, browser, browser.cookie)).expect(200);
      },
    );
  });

  describe('What Redis holds of a session', () => {
    it('stands under the SHA-256 of the id in the cookie, expires by itself, and tells nobody the id', async () => {
      const browser = await signUpByCookie(app);
      app.clock.advanceSeconds(app.config.tokens.accessTokenTtlSeconds);
      await read(browser).expect(200);

      const held = await asOperator(async (operator) => {
        const keys = await operator.keys('latchkey:session:*');
        const others = (await operator.keys('*')).filter((key) => !/^latchkey:(session|limit):/.test(key));
        const values = await Promise.all(keys.map((key) => operator.get(key)));
        const ttls = await Promise.all(keys.map((key) => operator.ttl(key)));
        return { keys, others, values, ttls };
      });

      const { idleSeconds } = app.config.sessions;
      expect(held.keys).toEqual([keyInRedis(browser)]);
      expect(held.others).toEqual([]);
      expect(held.ttls[0]).toBeGreaterThan(idleSeconds - 60);
      expect(held.ttls[0]).toBeLessThanOrEqual(idleSeconds);
      const everything = JSON.stringify(held);
      for (const secret of [cookieIdIn(browser.cookie), browser.csrfToken, browser.email])
        expect(everything).not.toContain(secret);
    });

    it('is removed within a second of an end that this process did not bring about', async () => {
      const browser = await signUpByCookie(app);
      const elsewhere = createEnding({ store: app.store, announce: () => {}, clock: app.clock });
      await elsewhere.end({ userId: browser.id }, 'ended_by_admin', OPERATOR);

      await app.follower.catchUp();

      const isHeld = () => asOperator((operator) => operator.exists(keyInRedis(browser)));
      expect(await eventually(isHeld, (held) => held === 0)).toBe(0);
    });
  });
});
