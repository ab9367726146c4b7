import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createTestClock,
  MANY_REQUESTS,
  PUBLIC_URL,
  startApp,
  TEST_SECRET,
  type TestApp,
} from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { aPerson } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send } from '../support/several-processes.ts';

const PEOPLE = 10;

onEachDatabase((kind) => {
  describe('A service that is killed between the commit of a refresh and its answer', () => {
    const newDirectory = useDirectories();
    let databaseUrl = '';
    let killed: ServerProcess;
    let next: TestApp;

    // Whatever comes later than the answer comes after the grace.
    const env = { JWT_SECRET: TEST_SECRET, PUBLIC_URL, REFRESH_REUSE_GRACE_SECONDS: '0' };

    beforeAll(async () => {
      const clock = { ...createTestClock(), now: Date.now };
      const reach = (url: string) => {
        databaseUrl = url;
        return url;
      };
      next = await startApp(kind, env, reach, { clock });
      killed = await startServer(newDirectory(), {
        DATABASE_URL: databaseUrl,
        BCRYPT_COST: '4',
        HASH_WORKERS: '1',
        ...MANY_REQUESTS,
        ...env,
      });
    });

    afterAll(async () => {
      killed.child.kill('SIGKILL');
      await killed.exited;
      await next.stop();
    });

    async function signUp() {
      const { body } = await send(`${killed.url}/signup`, { method: 'POST', body: aPerson() });
      return { sessionId: claimsIn(String(body.access_token)).sid, refreshToken: String(body.refresh_token) };
    }

    const refresh = (refreshToken: string) => next.post('/refresh').send({ refresh_token: refreshToken });

    /** Sends the request and never reads. */
    async function refreshWithoutReading(refreshToken: string): Promise<void> {
      const body = JSON.stringify({ refresh_token: refreshToken });
      const socket = connect(killed.port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      const head = `POST /refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    }

    it('has logged nobody out: each repeats the refresh at the next process and goes on', async () => {
      const people = await Promise.all(Array.from({ length: PEOPLE }, signUp));
      await Promise.all(people.map(({ refreshToken }) => refreshWithoutReading(refreshToken)));
      const where = { id: people.map(({ sessionId }) => sessionId), refreshCounter: 1 };
      const rotated = await eventually(
        () => next.models.sessions.count({ where }),
        (count) => count === PEOPLE,
      );
      expect(rotated).toBe(PEOPLE);

      killed.child.kill('SIGKILL');
      await killed.exited;

      for (const { sessionId, refreshToken } of people) {
        const repeated = await refresh(refreshToken);
        expect([repeated.status, claimsIn(String(repeated.body.access_token))]).toMatchObject([
          200,
          { sid: sessionId, rot: 1 },
        ]);
        expect((await refresh(String(repeated.body.refresh_token))).status).toBe(200);
      }
      expect(next.contractViolations).toEqual([]);
    });
  });
});
