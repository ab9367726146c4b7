import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Response, Test } from 'supertest';
import { cookieKeyOf } from '../../src/core/cookie-sessions/cookie-id.ts';
import { createEnding } from '../../src/core/sessions/ending.ts';
import { anAdmin, OPERATOR } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import {
  asPage,
  type Browser,
  cookieIdIn,
  FORGOTTEN_COOKIE,
  logInByCookie,
  PAGE,
  sessionCookieIn,
  setCookiesIn,
  signUpByCookie,
  untilRedisIsUp,
  useCookieApp,
} from '../support/cookies.ts';
import { aPerson, type Person, signUp } from '../support/people.ts';
import { LOSSES, onRedis, REDIS_LOG, useRedis } from '../support/redis.ts';
import { sumOf } from '../support/scrape.ts';
import { eventually } from '../support/several-processes.ts';
import { soon } from '../support/soon.ts';

const MANY_REQUESTS = 30;
const TOKEN_PATHS = ['/me', '/sessions', '/verify'];

onRedis(() => {
  const redis = useRedis();
  const env = () => ({ REDIS_URL: redis.url });
  const app = useCookieApp('SQLite', env);

  async function asOperator<Result>(work: (operator: Redis) => Promise<Result>): Promise<Result> {
    const operator = new Redis(redis.url);
    try {
      return await work(operator);
    } finally {
      operator.disconnect();
    }
  }

  const read = ({ cookie }: Browser) => app.get('/me').set('Cookie', cookie);
  const signUpAs = (person: Person, by: TestApp = app) =>
    by
      .post('/signup')
      .set('Origin', PAGE)
      .send({ ...person, transport: 'cookie' });
  const logInAs = ({ email, password }: Person, by: TestApp = app) =>
    by.post('/login').set('Origin', PAGE).send({ email, password, transport: 'cookie' });

  /** Refused with the request to come again. */
  function expectUnavailable(response: Response): void {
    expect(response.body.code).toBe('session_store_unavailable');
    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
    expect(setCookiesIn(response)).toEqual([]);
  }

  async function expectEnded(request: Test): Promise<void> {
    const response = await request;
    expect(response.status).toBe(401);
    expect(response.body.code).toBe('session_ended');
    expect(setCookiesIn(response)).toEqual([FORGOTTEN_COOKIE]);
  }

  const hashesMade = async ({ scrape }: TestApp) =>
    sumOf(await scrape(), 'latchkey_hash_duration_seconds_count');
  const keyInRedis = ({ cookie }: Browser) => `latchkey:session:${cookieKeyOf(cookieIdIn(cookie))}`;

  async function expectNothingOf(
    { email }: Person,
    sessionsBefore: number,
    { models }: TestApp = app,
  ): Promise<void> {
    expect(await models.users.count({ where: { email } })).toBe(0);
    expect(await models.sessions.count()).toBe(sessionsBefore);
  }

  describe.each(LOSSES)('A Redis that $how', ({ lose, giveBack, keepsWhatItHas }) => {
    /** For what every test does at its end: Redis is there again, and so is the connection. */
    async function end(...apps: TestApp[]): Promise<void> {
      await giveBack(redis);
      for (const connected of [app, ...apps]) await untilRedisIsUp(connected);
    }

    describe('while it is away', () => {
      let browser: Browser;
      let token: string;
      let refreshToken: string;
      /** Of requests that were all sent before it was known. */
      let answers: { readonly byCookie: Response[]; readonly byToken: Response[] };

      beforeAll(async () => {
        browser = await signUpByCookie(app);
        ({ token, refreshToken } = await signUp(app));
        await lose(redis);
        const many = <Value>(make: () => Value) => Array.from({ length: MANY_REQUESTS }, make);
        const [byToken, byCookie] = await Promise.all([
          Promise.all(TOKEN_PATHS.map((path) => soon(readByToken(path)))),
          Promise.all(many(() => soon(read(browser)))),
        ]);
        answers = { byCookie, byToken };
      });
      afterAll(() => end());

      const readByToken = (path: string) => app.get(path).auth(token, { type: 'bearer' });

      it('keeps none of many requests with a cookie waiting for it', () => {
        expect(answers.byCookie).toHaveLength(MANY_REQUESTS);
        for (const answer of answers.byCookie) expectUnavailable(answer);
      });

      it('answers changes and gateways in the same way', async () => {
        expectUnavailable(await soon(asPage(app.patch('/me'), browser).send({ name: 'Grace' })));
        expectUnavailable(await soon(app.get('/verify').set('Cookie', browser.cookie)));
      });

      it('leaves requests with a token as they are', async () => {
        const later: Response[] = [];
        for (const path of TOKEN_PATHS) later.push(await soon(readByToken(path)));
        for (const { status } of [...answers.byToken, ...later]) expect(status).toBe(200);
        await soon(app.post('/refresh').send({ refresh_token: refreshToken }).expect(200));
        await soon(app.post('/signup').send(aPerson()).expect(201));
      });

      it('has a sign-in by cookie refused before a password is hashed', async () => {
        const [hashes, sessions] = [await hashesMade(app), await app.models.sessions.count()];
        const person = aPerson();

        expectUnavailable(await soon(signUpAs(person)));
        expectUnavailable(await soon(logInAs(browser)));

        expect(await hashesMade(app)).toBe(hashes);
        await expectNothingOf(person, sessions);
      });
    });

    describe('where limits are off, so that nothing but the sessions shows it', () => {
      const unlimited = useCookieApp('SQLite', () => ({ ...env(), RATE_LIMITS: 'off' }));

      it('leaves no account and no session of a sign-in by cookie that it fails', async () => {
        const browser = await signUpByCookie(unlimited);
        const sessions = await unlimited.models.sessions.count();
        const hashes = await hashesMade(unlimited);
        const person = aPerson();
        await lose(redis);

        const refused = await Promise.all([
          soon(signUpAs(person, unlimited)),
          soon(logInAs(browser, unlimited)),
        ]);

        for (const answer of refused) expectUnavailable(answer);
        expect(await hashesMade(unlimited)).toBeLessThanOrEqual(hashes + 2);
        await expectNothingOf(person, sessions, unlimited);
        await end(unlimited);
        await signUpAs(person, unlimited).expect(201);
      });
    });

    it('lets a browser log out all the same, and the session stays ended although Redis still holds it', async () => {
      const browser = await signUpByCookie(app);
      const key = keyInRedis(browser);
      const record = (await asOperator((operator) => operator.get(key))) ?? '';
      await lose(redis);
      expectUnavailable(await soon(read(browser)));

      const response = await soon(asPage(app.post('/logout'), browser));

      expect(response.status).toBe(204);
      expect(setCookiesIn(response)).toEqual([FORGOTTEN_COOKIE]);
      await end();
      // One that is killed keeps what it has saved on disk.
      await asOperator((operator) => operator.set(key, record, 'EX', 1000));
      await expectEnded(read(browser));
      await app.cookieSessions.housekeeping();
      expect(await asOperator((operator) => operator.exists(key))).toBe(0);
    });

    it('serves sessions again when it is back, without a restart, and those that it kept', async () => {
      for (let times = 1; times <= 2; times++) {
        const before = await signUpByCookie(app);
        await lose(redis);
        expectUnavailable(await soon(read(before)));
        await end();

        const browser = await signUpByCookie(app);
        await read(browser).expect(200);
        await read(before).expect(keepsWhatItHas ? 200 : 401);
        await logInByCookie(app, before);
      }
    });
  });

  describe('A Redis that is full', () => {
    const fill = () => asOperator((operator) => operator.config('SET', 'maxmemory', '1'));
    const makeRoom = () => asOperator((operator) => operator.config('SET', 'maxmemory', '0'));
    afterEach(makeRoom);

    it('goes on with the sessions that it has, and refuses sign-ins by cookie', async () => {
      const browser = await signUpByCookie(app);
      const sessions = await app.models.sessions.count();
      const person = aPerson();
      await fill();

      expectUnavailable(await soon(signUpAs(person)));
      expectUnavailable(await soon(logInAs(browser)));
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

      expectUnavailable(await soon(change()));

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
      expectUnavailable(await soon(read(browser)));

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
      const timesRefused = () => app.logs.entries().filter(({ msg }) => msg === REDIS_LOG.rejects).length;
      const before = timesRefused();
      await fill();

      for (let times = 0; times < 3; times++) {
        expectUnavailable(await soon(signUpAs(aPerson())));
        await read(browser).expect(200);
        expectUnavailable(await soon(logInAs(browser)));
      }

      expect(timesRefused()).toBe(before + 1);
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
        const errors = () => app.logs.entries().filter(({ level }) => Number(level) > 40).length;
        const before = errors();

        await damage(keyInRedis(browser));

        await expectEnded(read(browser));
        await read(other).expect(200);
        expect(errors()).toBe(before);
        await read(await logInByCookie(app, browser, browser.cookie)).expect(200);
      },
    );
  });

  describe('What Redis holds of a session', () => {
    it('stands under the SHA-256 of the id in the cookie, expires by itself, and does not tell the id', async () => {
      await asOperator((operator) => operator.flushall());
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
