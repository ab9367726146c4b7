import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { VERSION } from '../../src/app.ts';
import { TEST_SECRET, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';
import { parseMetrics, sumOf, valuesOf } from '../support/scrape.ts';

const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const COUNT = 'http_request_duration_seconds_count';

/** Every metric of the service itself, with its type. */
const OWN_METRICS = {
  http_request_duration_seconds: 'histogram',
  latchkey_logins_total: 'counter',
  latchkey_build_info: 'gauge',
  latchkey_signups_total: 'counter',
  latchkey_refreshes_total: 'counter',
  latchkey_client_refusals_total: 'counter',
  latchkey_rate_limited_total: 'counter',
  latchkey_hash_wait_seconds: 'histogram',
  latchkey_hash_duration_seconds: 'histogram',
  latchkey_hash_refusals_total: 'counter',
  latchkey_paced_refusals_total: 'counter',
  latchkey_hash_queue_length: 'gauge',
  latchkey_hash_running: 'gauge',
  latchkey_revocation_lag_seconds: 'gauge',
  latchkey_revocation_followers: 'gauge',
  latchkey_clock_offset_seconds: 'gauge',
  latchkey_database_connections: 'gauge',
};

/** What operators watch of Node and of the process. */
const PROCESS_METRICS = [
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
];

onEachDatabase((kind) => {
  describe('GET /metrics', () => {
    const app = useApp(kind, { METRICS_TOKEN, LOGIN_FREE_FAILURES: '3', LOGIN_MAX_FAILURES: '4' });
    const ask = () => request(app.url).get('/metrics').set('Authorization', `Bearer ${METRICS_TOKEN}`);
    const scrape = async () => (await ask().expect(200)).text;
    /** How much a metric grows while something is done. */
    async function growth(name: string, labels: Record<string, string>, doing: () => Promise<unknown>) {
      const before = sumOf(await scrape(), name, labels);
      await doing();
      return sumOf(await scrape(), name, labels) - before;
    }

    it('is in the text format that Prometheus reads, and no cache keeps it', async () => {
      const response = await ask().expect(200);

      expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(response.headers['cache-control']).toBe('no-store');
      expect(parseMetrics(response.text).length).toBeGreaterThan(50);
    });

    it('has every metric of the service, with its type and a line of help, and those of the process', async () => {
      const text = await scrape();

      for (const [name, type] of Object.entries(OWN_METRICS)) {
        expect(text).toContain(`# TYPE ${name} ${type}\n`);
        expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
      }
      const names = new Set(parseMetrics(text).map((sample) => sample.name));
      expect(PROCESS_METRICS.filter((name) => !names.has(name))).toEqual([]);
    });

    it('answers HEAD with the same status and type, and no body', async () => {
      const response = await request(app.url)
        .head('/metrics')
        .set('Authorization', `Bearer ${METRICS_TOKEN}`)
        .expect(200);

      expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(response.text ?? '').toBe('');
    });

    it('counts each request by method, route and status, and how long it took', async () => {
      const person = await signUp(app);
      const labels = { method: 'GET', route: '/me', status: '200' };

      expect(
        await growth(COUNT, labels, () => app.get('/me').set('Authorization', `Bearer ${person.token}`)),
      ).toBe(1);
      expect(await growth(COUNT, { ...labels, status: '401' }, () => app.get('/me').expect(401))).toBe(1);
      const text = await scrape();
      const largest = { ...labels, le: '+Inf' };
      expect(sumOf(text, 'http_request_duration_seconds_bucket', largest)).toBe(sumOf(text, COUNT, labels));
      expect(sumOf(text, 'http_request_duration_seconds_sum', labels)).toBeGreaterThan(0);
    });

    it('counts logins that succeeded and those with a wrong password, known account or not', async () => {
      const { email, password } = await signUp(app);
      const { email: nobodys } = aPerson();

      const succeeded = await growth('latchkey_logins_total', { outcome: 'succeeded' }, () =>
        app.post('/login').send({ email, password }).expect(200),
      );
      const refused = await growth('latchkey_logins_total', { outcome: 'invalid_credentials' }, async () => {
        await app.post('/login').send({ email, password: 'wrong' }).expect(401);
        await app.post('/login').send({ email: nobodys, password }).expect(401);
      });

      expect([succeeded, refused]).toEqual([1, 2]);
    });

    it('counts sign-ups that succeeded and why others did not', async () => {
      const outcome = (name: string, doing: () => Promise<unknown>) =>
        growth('latchkey_signups_total', { outcome: name }, doing);
      const person = aPerson({ username: aUsername() });
      const signingUp = (changes: object, status: number) => () =>
        app
          .post('/signup')
          .send({ ...aPerson(), ...changes })
          .expect(status);

      expect([
        await outcome('succeeded', signingUp(person, 201)),
        await outcome('email_taken', signingUp({ email: person.email }, 409)),
        await outcome('username_taken', signingUp({ username: person.username }, 409)),
      ]).toEqual([1, 1, 1]);
    });

    it('counts a rotated refresh token, and its reuse', async () => {
      const { refreshToken } = await signUp(app);
      const refresh = (token: string, status: number) => async () => {
        const { body } = await app.post('/refresh').send({ refresh_token: token }).expect(status);
        return body;
      };
      const outcome = (name: string, doing: () => Promise<unknown>) =>
        growth('latchkey_refreshes_total', { outcome: name }, doing);
      let next = '';

      const rotated = await outcome('rotated', async () => {
        next = (await refresh(refreshToken, 200)()).refresh_token;
        await refresh(next, 200)();
      });
      app.clock.advanceSeconds(60);

      expect([rotated, await outcome('reused', refresh(refreshToken, 401))]).toEqual([2, 1]);
    });

    it('names the version that runs', async () => {
      expect(valuesOf(await scrape(), 'latchkey_build_info', 'version')).toEqual(new Set([VERSION]));
    });

    it('counts a login that has to wait after wrong ones, also among the requests that were limited', async () => {
      const { email } = aPerson();
      const body = { email, password: 'wrong' };
      for (let tries = 0; tries < 3; tries++) await app.post('/login').send(body).expect(401);

      const limited = { policy: 'login-account' };
      let grown = 0;
      const outcomes = await growth('latchkey_logins_total', { outcome: 'rate_limited' }, async () => {
        grown = await growth('latchkey_rate_limited_total', limited, () =>
          app.post('/login').send(body).expect(429),
        );
      });

      expect([outcomes, grown]).toEqual([1, 1]);
    });

    it('counts a wrong password of a user who is logged in among the requests that were limited', async () => {
      const { token, password } = await signUp(app);
      const change = () =>
        app
          .post('/me/password')
          .set('Authorization', `Bearer ${token}`)
          .send({ current_password: 'wrong', new_password: `${password} new` });
      for (let tries = 0; tries < 3; tries++) await change().expect(403);

      const limited = { policy: 'login-account' };
      expect(await growth('latchkey_rate_limited_total', limited, () => change().expect(429))).toBe(1);
    });

    it('counts the login that locks an account as such, and once', async () => {
      const { email, password } = await signUp(app);
      const wrong = () => app.post('/login').send({ email, password: 'wrong' });
      for (let tries = 0; tries < 3; tries++) await wrong().expect(401);
      app.clock.advanceSeconds(1);

      const locked = await growth('latchkey_logins_total', { outcome: 'locked' }, () => wrong().expect(401));
      app.clock.advanceSeconds(2);
      const again = await growth('latchkey_logins_total', { outcome: 'locked' }, () =>
        app.post('/login').send({ email, password }).expect(401),
      );

      expect([locked, again]).toEqual([1, 0]);
    });

    it('shows how far behind the revocations are, which grows until they are followed again', async () => {
      await app.follower.catchUp();
      const lag = async () => sumOf(await scrape(), 'latchkey_revocation_lag_seconds');
      const fresh = await lag();
      app.clock.advanceSeconds(7.5);
      const old = await lag();
      await app.follower.catchUp();

      expect([fresh, old, await lag()]).toEqual([0, 7.5, 0]);
    });

    it('shows the connections to MySQL by state, and none for SQLite, which has no pool', async () => {
      await app.get('/readyz').expect(200);

      const states = valuesOf(await scrape(), 'latchkey_database_connections', 'state');

      expect(states).toEqual(new Set(kind === 'MySQL' ? ['used', 'idle', 'waiting'] : []));
    });

    it('says nothing of Redis where there is none', async () => {
      expect(await scrape()).not.toContain('latchkey_redis_up');
    });

    it('holds no token, no secret and nothing that identifies a user', async () => {
      const person = await signUp(app, { username: 'somebody_in_metrics' });
      await app.get('/sessions').set('Authorization', `Bearer ${person.token}`).expect(200);
      await app.delete(`/sessions/${person.sessionId}`).set('Authorization', `Bearer ${person.token}`);

      const text = await scrape();

      const secrets = [person.email, person.password, person.token, person.refreshToken, person.id];
      const more = [person.sessionId, 'somebody_in_metrics', TEST_SECRET, METRICS_TOKEN, '127.0.0.1'];
      expect([...secrets, ...more].filter((secret) => text.includes(secret))).toEqual([]);
      expectCleanLogs([JSON.stringify({ text })]);
    });
  });
});
