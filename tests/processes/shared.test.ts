import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, onEachDatabase, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { beginSignup, finishedStatuses, type ServerProcess } from '../support/server-process.ts';
import { childrenOf, freeze, send, statusesOf, useSeveralProcesses } from '../support/several-processes.ts';

/** A second is the bound while the database answers; the rest is for a machine that is busy with other tests. */
const REVOCATION_MILLISECONDS = 10_000;
const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const startSeveral = useSeveralProcesses();

onEachDatabase((kind) => {
  describe('Several processes on one database', () => {
    let database: TestDatabase;
    let server: ServerProcess;
    let metricsUrl: string;

    beforeAll(async () => {
      database = await createTestDatabase(kind);
      const metricsPort = await freePort();
      metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
      // No JWT_SECRET: the first process makes one that all of them use.
      server = await startSeveral({
        DATABASE_URL: database.url,
        MIGRATE_ON_START: 'true',
        DATABASE_TIMEOUT_MS: '10000',
        METRICS_PORT: String(metricsPort),
        METRICS_TOKEN,
        RATE_LIMIT_SIGNUP_IP: '1000/60',
      });
    });

    afterAll(() => database.drop());

    const scrape = (url = metricsUrl) => send(url, { token: METRICS_TOKEN });

    it('take sign-ups, logins and refreshes at the same time, whichever of them each comes to', async () => {
      const people = Array.from({ length: 10 }, () => aPerson());

      const signups = await Promise.all(
        people.map((body) => send(`${server.url}/signup`, { method: 'POST', body })),
      );
      const logins = await Promise.all(
        people.map(({ email, password }) =>
          send(`${server.url}/login`, { method: 'POST', body: { email, password } }),
        ),
      );
      const refreshes = await Promise.all(
        logins.map(({ body: { refresh_token } }) =>
          send(`${server.url}/refresh`, { method: 'POST', body: { refresh_token } }),
        ),
      );

      expect(new Set(signups.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(logins.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(refreshes.map(({ status }) => status))).toEqual(new Set([200]));
    });

    it('all take the token that one of them issued', async () => {
      const { token } = await signUp(server);

      expect(await statusesOf(6, `${server.url}/me`, { token })).toEqual(Array(6).fill(200));
      expect(await statusesOf(6, `${server.url}/verify`, { token })).toEqual(Array(6).fill(200));
    });

    it('all refuse a token soon after the logout that one of them took', async () => {
      const { token, refreshToken } = await signUp(server);
      const logout = { method: 'POST', body: { refresh_token: refreshToken } };
      expect((await send(`${server.url}/logout`, logout)).status).toBe(204);
      const loggedOutAt = performance.now();

      let acceptedAt = loggedOutAt;
      for (let refusals = 0; refusals < 10; ) {
        const sentAt = performance.now();
        const { status } = await send(`${server.url}/verify`, { token });
        refusals = status === 401 ? refusals + 1 : 0;
        if (status !== 401) acceptedAt = sentAt;
      }

      expect(acceptedAt - loggedOutAt).toBeLessThan(REVOCATION_MILLISECONDS);
    });

    it('show the sum of all of them on METRICS_PORT, and the same on the public port', async () => {
      const countOf = (text: string) =>
        sumOf(text, 'http_request_duration_seconds_count', { route: '/healthz', status: '200' });
      const before = countOf((await scrape()).text);
      await statusesOf(12, `${server.url}/healthz`);

      const apart = await scrape();
      const inPublic = await Promise.all(Array.from({ length: 4 }, () => scrape(`${server.url}/metrics`)));

      expect(countOf(apart.text) - before).toBe(12);
      expect(inPublic.map(({ status, text }) => [status, countOf(text) - before])).toEqual(
        Array(4).fill([200, 12]),
      );
    });

    it('on Ctrl-C cut nothing off where a busy one reads the word of the first one before it sees the signal', async () => {
      const children = childrenOf(server.child.pid);
      const inFlight = [await beginSignup(server), await beginSignup(server)];

      // While they cannot run, the signal and the word of the first process come to lie side by side.
      await Promise.all(children.map(freeze));
      for (const pid of [...children, server.child.pid ?? 0]) process.kill(pid, 'SIGINT');
      await server.logged('stopping');
      // Once it answers this, the first process has sent its word.
      await send(new URL('/nothing', metricsUrl).href);
      for (const pid of children) process.kill(pid, 'SIGCONT');
      const statuses = await finishedStatuses(inFlight);

      expect({ statuses, exitCode: await server.exited, log: server.lines.join('\n') }).toEqual({
        statuses: [201, 201],
        exitCode: 0,
        log: expect.not.stringContaining('shutdown did not finish in time'),
      });
      expect(children).toHaveLength(2);
    });
  });
});

async function signUp(server: ServerProcess) {
  const { body } = await send(`${server.url}/signup`, { method: 'POST', body: aPerson() });
  return { token: String(body.access_token), refreshToken: String(body.refresh_token) };
}
