import { request as httpRequest } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { FEW_MAY_WAIT, TOO_MANY, useWarmThreads } from '../support/busy.ts';
import { aPerson } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { eventually } from '../support/several-processes.ts';

/** One thread, and hashes that take long enough for a second one to wait and a third to be refused. */
const SLOW = { HASH_WORKERS: '1', BCRYPT_COST: '12', LOGIN_FREE_FAILURES: '100' };

describe('GET /metrics, while passwords are hashed', () => {
  const app = useApp('SQLite', SLOW);
  const logIn = () => {
    const { email, password } = aPerson();
    return app.post('/login').send({ email, password });
  };

  it('shows how many are hashed and how many wait, and how long they waited', async () => {
    const idle = await app.scrape();
    const logins = Promise.all([logIn().expect(401), logIn().expect(401)]);
    const busy = await eventually(app.scrape, (text) => sumOf(text, 'latchkey_hash_queue_length') === 1);
    await logins;
    const after = await app.scrape();
    const hashed = (text: string) => sumOf(text, 'latchkey_hash_running');
    const waited = (text: string, part: string) => sumOf(text, `latchkey_hash_wait_seconds_${part}`);

    expect([idle, busy, after].map(hashed)).toEqual([0, 1, 0]);
    expect(sumOf(after, 'latchkey_hash_queue_length')).toBe(0);
    expect(waited(after, 'count') - waited(idle, 'count')).toBe(2);
    // One found the thread free, the other waited for it.
    expect(waited(after, 'sum') - waited(idle, 'sum')).toBeGreaterThan(0.01);
    const took = (text: string, part: string) => sumOf(text, `latchkey_hash_duration_seconds_${part}`);
    expect(took(after, 'count') - took(idle, 'count')).toBe(2);
    expect(took(after, 'sum') - took(idle, 'sum')).toBeGreaterThan(0.05);
  });

  it('does not count a login as answered with 200 whose client went away while it waited', async () => {
    const { email, password } = aPerson();
    const login = httpRequest(`${app.url}/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    });
    login.on('error', () => {});
    login.end(JSON.stringify({ email, password }));
    await eventually(app.scrape, (text) => sumOf(text, 'latchkey_hash_running') === 1);
    const countOf = (text: string, labels = {}) =>
      sumOf(text, 'http_request_duration_seconds_count', { route: '/login', ...labels });
    const before = countOf(await app.scrape());

    login.destroy();
    const text = await eventually(app.scrape, (later) => countOf(later) > before);

    expect(countOf(text)).toBe(before + 1);
    expect(countOf(text, { status: '200' })).toBe(0);
    await eventually(app.scrape, (later) => sumOf(later, 'latchkey_hash_running') === 0);
  });
});

describe('GET /metrics, where too many passwords wait', () => {
  const app = useApp('SQLite', { ...SLOW, ...FEW_MAY_WAIT });
  useWarmThreads(app);

  const LOGINS = TOO_MANY;

  it('counts each refusal, as a login that ended so and as an answer with 503', async () => {
    const { email, password } = aPerson();
    const logins = Array.from({ length: LOGINS }, () => app.post('/login').send({ email, password }));
    const statuses = (await Promise.all(logins)).map(({ status }) => status);
    const text = await app.scrape();
    const refusals = statuses.filter((status) => status === 503).length;

    expect(refusals).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect(sumOf(text, 'latchkey_hash_refusals_total')).toBe(refusals);
    expect(sumOf(text, 'latchkey_logins_total', { outcome: 'overloaded' })).toBe(refusals);
    expect(sumOf(text, 'latchkey_logins_total', { outcome: 'invalid_credentials' })).toBe(LOGINS - refusals);
    expect(sumOf(text, 'http_request_duration_seconds_count', { route: '/login', status: '503' })).toBe(
      refusals,
    );
  });
});
