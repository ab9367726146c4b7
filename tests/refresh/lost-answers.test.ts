import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { MANY_REQUESTS } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase, type TestDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { modelsOf } from '../support/models.ts';
import { aPerson } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send } from '../support/several-processes.ts';
import { createMigratedDatabase } from '../support/template.ts';

const PEOPLE = 10;

onEachDatabase((kind) => {
  describe('A service that is killed between the commit of a refresh and its answer', () => {
    const newDirectory = useDirectories();
    let testDatabase: TestDatabase;
    let database: Database;
    let server: ServerProcess;

    const start = () =>
      startServer(newDirectory(), {
        DATABASE_URL: testDatabase.url,
        JWT_SECRET: 'one secret for all processes of this suite',
        BCRYPT_COST: '4',
        // Whatever comes later than the answer comes after the grace.
        REFRESH_REUSE_GRACE_SECONDS: '0',
        ...MANY_REQUESTS,
      });

    beforeAll(async () => {
      testDatabase = await createMigratedDatabase(kind);
      database = await connectDatabase(loadConfig({ DATABASE_URL: testDatabase.url }).database);
      server = await start();
    });

    afterAll(async () => {
      await server.stop();
      await database.close();
      await testDatabase.drop();
    });

    async function signUp() {
      const { body } = await send(`${server.url}/signup`, { method: 'POST', body: aPerson() });
      return { sessionId: claimsIn(String(body.access_token)).sid, refreshToken: String(body.refresh_token) };
    }

    const refresh = (refreshToken: string) =>
      send(`${server.url}/refresh`, { method: 'POST', body: { refresh_token: refreshToken } });

    /** Sends the request and never reads. */
    async function refreshWithoutReading(refreshToken: string): Promise<void> {
      const body = JSON.stringify({ refresh_token: refreshToken });
      const socket = connect(server.port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      const head = `POST /refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    }

    it('has logged nobody out: each repeats the refresh at the next process and goes on', async () => {
      const people = await Promise.all(Array.from({ length: PEOPLE }, signUp));
      await Promise.all(people.map(({ refreshToken }) => refreshWithoutReading(refreshToken)));
      const where = { id: people.map(({ sessionId }) => sessionId), refreshCounter: 1 };
      const rotated = await eventually(
        () => modelsOf(database).sessions.count({ where }),
        (count) => count === PEOPLE,
      );
      expect(rotated).toBe(PEOPLE);

      server.child.kill('SIGKILL');
      await server.exited;
      server = await start();

      for (const { sessionId, refreshToken } of people) {
        const repeated = await refresh(refreshToken);
        expect([repeated.status, claimsIn(String(repeated.body.access_token))]).toMatchObject([
          200,
          { sid: sessionId, rot: 1 },
        ]);
        expect((await refresh(String(repeated.body.refresh_token))).status).toBe(200);
      }
    });
  });
});
