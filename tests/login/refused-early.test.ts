import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';
import { aNetwork } from '../support/quotas.ts';
import { sumOf } from '../support/scrape.ts';

/** What differs between two answers of the same kind. */
const OWN = ['date', 'x-request-id'];

/** What a page calls is answered the ordinary way, which alone knows how to do that. */
const PAGE = 'https://app.example.com';
const OF_PAGES = /^(?:vary|access-control-.*)$/;

function without(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OWN.includes(name) && !OF_PAGES.test(name)),
  );
}

function expectSame(early: Response, ordinary: Response): void {
  expect(early.status).toBe(ordinary.status);
  expect(without(early.headers)).toEqual(without(ordinary.headers));
  expect({ ...early.body, instance: '' }).toEqual({ ...ordinary.body, instance: '' });
  expect(early.body.instance).toBe(`urn:latchkey:request:${early.headers['x-request-id']}`);
}

/** Takes all places of the hash queue for strangers while `doing` runs. */
async function whileFull<Result>({ hashWorkers }: TestApp, doing: () => Promise<Result>): Promise<Result> {
  const places = [];
  for (let client = 0; hashWorkers.hasRoom(`network ${client}`); client++) {
    places.push(hashWorkers.reserve(`network ${client}`));
  }
  try {
    return await doing();
  } finally {
    for (const place of places) place.leave();
  }
}

/** One thread and a hash of some 51 ms: some two hundred may wait. */
const HUNDREDS_MAY_WAIT = { HASH_WORKERS: '1', HASH_MAX_WAIT_MS: '10000', BCRYPT_COST: '10' };

onEachDatabase((kind) => {
  describe('POST /login that is refused before its body is read', () => {
    const limited = useApp(kind, { RATE_LIMIT_LOGIN_IP: '1/60', TRUST_PROXY: '1', CORS_ORIGINS: PAGE });
    const full = useApp(kind, { ...HUNDREDS_MAY_WAIT, TRUST_PROXY: '1', CORS_ORIGINS: PAGE });

    it('by its address gets the answer that the ordinary way gives', async () => {
      const address = aNetwork();
      const send = () => limited.post('/login').set('X-Forwarded-For', address);
      await send().send(aPerson()).expect(401);

      const early = await send().send(aPerson());
      const ordinary = await send().set('Origin', PAGE).send(aPerson());

      expect(early.body.code).toBe('rate_limited');
      expectSame(early, ordinary);
    });

    it('by a full queue gets the answer that the ordinary way gives, with what is left to its address', async () => {
      const send = () => full.post('/login').set('X-Forwarded-For', aNetwork());

      await whileFull(full, async () => {
        const early = await send().send(aPerson());
        const ordinary = await send().set('Origin', PAGE).send(aPerson());

        expect(early.body.code).toBe('overloaded');
        expect(early.headers.ratelimit).toMatch(/^"login-ip";r=\d+;t=60$/);
        expectSame(early, ordinary);
      });
    });

    it('has an id of its own, whatever its caller calls it', async () => {
      const address = aNetwork();
      const send = () => limited.post('/login').set('X-Forwarded-For', address).set('X-Request-Id', 'mine');
      await send().send(aPerson());

      const refused = await send().send(aPerson()).expect(429);

      const id = refused.headers['x-request-id'];
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(refused.body.instance).toBe(`urn:latchkey:request:${id}`);
      const entry = limited.logs.entries().find(({ req }) => (req as { id?: string } | undefined)?.id === id);
      expect(entry).toMatchObject({ req: { id, client_request_id: 'mine' }, res: { status: 429 } });
    });

    it('counts once in each metric', async () => {
      const address = aNetwork();
      const send = () => limited.post('/login').set('X-Forwarded-For', address).send(aPerson());
      await send();
      const figures = async () => {
        const text = await limited.scrape();
        return [
          sumOf(text, 'http_request_duration_seconds_count', { route: '/login', status: '429' }),
          sumOf(text, 'latchkey_rate_limited_total', { policy: 'login-ip' }),
          sumOf(text, 'latchkey_paced_refusals_total'),
        ];
      };
      const before = await figures();

      await send().expect(429);

      expect(await figures()).toEqual(before.map((figure) => figure + 1));
    });

    it('goes out late where many others are refused, and says the same', async () => {
      const address = aNetwork();
      const send = () => limited.post('/login').set('X-Forwarded-For', address).send(aPerson());
      await send();

      const answers = await Promise.all(Array.from({ length: 250 }, send));

      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([429]));
      expect(
        sumOf(await limited.scrape(), 'latchkey_paced_refusals_total', { pace: 'held' }),
      ).toBeGreaterThan(0);
    });
  });

  describe('POST /login while strangers fill the queue', () => {
    const app = useApp(kind, HUNDREDS_MAY_WAIT);

    it('succeeds with a device token of the account', async () => {
      const { email, password, deviceToken } = await signUp(app);

      await whileFull(app, () =>
        app.post('/login').send({ email, password, device_token: deviceToken }).expect(200),
      );
    });

    it('succeeds with the access token of a live session of the account', async () => {
      const { email, password, token } = await signUp(app);

      await whileFull(app, () =>
        app.post('/login').auth(token, { type: 'bearer' }).send({ email, password }).expect(200),
      );
    });

    it.each(['another account', 'nobody'])(
      'is refused with a device token of %s, whether the account exists or not',
      async (whose) => {
        const [victim, other] = [await signUp(app), await signUp(app)];
        const token = whose === 'nobody' ? `${'a'.repeat(22)}.${'b'.repeat(43)}` : other.deviceToken;

        await whileFull(app, async () => {
          for (const { email, password } of [victim, aPerson()]) {
            const refused = await app
              .post('/login')
              .send({ email, password, device_token: token })
              .expect(503);
            expect(refused.body.code).toBe('overloaded');
          }
        });
      },
    );

    it('has two places for one account, however many devices and sessions that account has', async () => {
      const [attacker, honest] = [await signUp(app), await signUp(app)];
      const { email, password } = attacker;
      const tokens = [attacker.deviceToken];
      for (let login = 0; login < 4; login++) {
        const { body } = await app.post('/login').send({ email, password });
        tokens.push(body.device_token, body.access_token);
      }
      const hog = (token: string) => {
        const login = app.post('/login');
        const isSession = token.split('.').length === 3;
        if (isSession) login.auth(token, { type: 'bearer' });
        return login.send({ email, password, ...(!isSession && { device_token: token }) });
      };

      const [hogged, welcome] = await whileFull(app, async () => {
        const hogging = Promise.all(tokens.map(hog));
        const { deviceToken, ...known } = honest;
        const login = { email: known.email, password: known.password, device_token: deviceToken };
        return [await hogging, await app.post('/login').send(login)] as const;
      });

      expect(hogged.filter(({ status }) => status === 503).length).toBeGreaterThan(2);
      expect(welcome.status).toBe(200);
    });

    it('asks no database for what has to wait, whatever text is given as a device token', async () => {
      const { email } = await signUp(app);
      const guess = () => app.post('/login').send({ email, password: 'wrong again', device_token: 'x' });
      for (let tries = 0; tries < 7; tries++) await guess();

      const statements = await statementsDuring(app, () => guess().expect(429));

      expect(statements).toEqual([]);
    });
  });
});
