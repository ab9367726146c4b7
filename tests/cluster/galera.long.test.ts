import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MANY_REQUESTS } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { startGalera } from '../support/galera.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually } from '../support/several-processes.ts';
import { missingForGalera } from '../support/tools.ts';

const CLIENTS = 8;
const LONGEST_STALL_MILLISECONDS = 10_000;
/** A client that gets no answer asks again as long as this. */
const PATIENCE_MILLISECONDS = 30_000;
const PAUSE_MILLISECONDS = 100;
const PASSWORD = 'canary in a coal mine';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What one client was told, to be held against what the cluster knows at the end. */
interface Account {
  readonly email: string;
  accessToken: string;
  refreshToken: string;
  isLoggedOut: boolean;
}

const withGalera = missingForGalera().length === 0 ? describe : describe.skip;

withGalera(
  'Two processes on three nodes of Galera behind HAProxy, of which one is killed and one freezes,',
  () => {
    const newDirectory = useDirectories();
    let cluster: Awaited<ReturnType<typeof startGalera>>;
    let balancer: Awaited<ReturnType<typeof startHaproxy>>;
    let processes: ServerProcess[] = [];

    beforeAll(async () => {
      cluster = await startGalera();
      await cluster.nodes[0]?.query('CREATE DATABASE latchkey CHARACTER SET utf8mb4');
      balancer = await startHaproxy(cluster.nodes);
      const env = {
        DATABASE_URL: `mysql://root@127.0.0.1:${balancer.port}/latchkey`,
        MIGRATE_ON_START: 'true',
        BCRYPT_COST: '4',
        JWT_SECRET: 'one secret for both processes of this suite',
        PUBLIC_URL: 'https://auth.example.com',
        ...MANY_REQUESTS,
      };
      processes = [await startServer(newDirectory(), env)];
      processes.push(await startServer(newDirectory(), env));
    });

    afterAll(async () => {
      await Promise.all(processes.map((server) => server.stop()));
      await balancer?.stop();
      await cluster?.stop();
      expectCleanLogs(processes.flatMap((server) => server.logLines()));
    });

    it('loses nothing that it acknowledged and no session, and stalls for less than ten seconds', async () => {
      const [, killed, frozen] = cluster.nodes;
      const accounts: Account[] = [];
      const refusals: string[] = [];
      const stalls: number[] = [];
      let isOver = false;

      /** Sends until there is an answer that says what became of it. */
      async function send(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
        const begunAt = performance.now();
        for (let tries = 0; ; tries++) {
          const server = processes[(accounts.length + tries) % processes.length];
          const answer = await attempt(server, method, path, body, token);
          const lasted = performance.now() - begunAt;
          if ((answer !== undefined && answer.status < 500) || lasted > PATIENCE_MILLISECONDS) {
            stalls.push(lasted);
            return answer ?? { status: 0, body: {} };
          }
          if (answer !== undefined && answer.status !== 503)
            refusals.push(`${method} ${path} ${answer.status}`);
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
        }
      }

      function take(account: Account, what: string, { status, body }: Answer): void {
        if (status !== 200 && status !== 201) refusals.push(`${what} ${status} ${body.code}`);
        else {
          account.accessToken = String(body.access_token);
          account.refreshToken = String(body.refresh_token);
        }
      }

      async function live(): Promise<void> {
        while (!isOver) {
          const email = `${randomUUID()}@example.com`;
          const account: Account = { email, accessToken: '', refreshToken: '', isLoggedOut: false };
          const signedUp = await send('POST', '/signup', { email, password: PASSWORD });
          // An earlier try may have been carried out without an answer.
          if (signedUp.status !== 409) take(account, 'signup', signedUp);
          accounts.push(account);
          if (signedUp.status === 409 || accounts.length % 3 === 0) {
            // A node that lags behind does not know the account for a moment.
            const login = await eventually(
              () => send('POST', '/login', { email, password: PASSWORD }),
              ({ status }) => status !== 401,
            );
            take(account, 'login', login);
          }
          for (let round = 0; round < 3; round++) {
            take(account, 'refresh', await send('POST', '/refresh', { refresh_token: account.refreshToken }));
          }
          if (accounts.length % 2 === 0) {
            const { status, body } = await send('POST', '/logout', undefined, account.accessToken);
            // The second of two tries finds the session ended.
            if (status !== 204 && status !== 401) refusals.push(`logout ${status} ${body.code}`);
            account.isLoggedOut = true;
          }
        }
      }

      const clients = Array.from({ length: CLIENTS }, live);
      await eventually(
        () => accounts.length,
        (count) => count >= CLIENTS,
      );
      await killed?.kill();
      await progress(accounts, CLIENTS);
      await killed?.rejoin();
      await progress(accounts, CLIENTS);
      frozen?.freeze();
      await progress(accounts, 2 * CLIENTS);
      frozen?.thaw();
      await eventually(
        () => frozen?.isSynced() ?? false,
        (isSynced) => isSynced,
        PATIENCE_MILLISECONDS,
      );
      await progress(accounts, CLIENTS);
      isOver = true;
      await Promise.all(clients);

      const lost: string[] = [];
      for (const account of accounts) {
        const { status, body } = await send('POST', '/refresh', { refresh_token: account.refreshToken });
        if ((status === 200) === account.isLoggedOut) lost.push(`${status} ${body.code}`);
      }
      // What was thrown says more than that something was.
      expect({ refusals, errors: internalErrorsIn(processes) }).toEqual({ refusals: [], errors: [] });
      expect(lost).toEqual([]);
      expect(Math.max(...stalls)).toBeLessThan(LONGEST_STALL_MILLISECONDS);
      const emails = accounts.map(({ email }) => `'${email}'`).join(', ');
      const count = `SET STATEMENT wsrep_sync_wait = 1 FOR SELECT COUNT(*) AS users, COUNT(DISTINCT email) AS emails
      FROM latchkey.users WHERE email IN (${emails})`;
      for (const node of cluster.nodes) {
        // One that has just been thawed may not have noticed yet that the others went on without it.
        const counted = await eventually(
          () => node.query(count).catch(() => []),
          (rows) => rows.length > 0,
          PATIENCE_MILLISECONDS,
        );
        expect(counted).toEqual([{ users: accounts.length, emails: accounts.length }]);
      }
    });
  },
);

/** The causes of each 500. */
function internalErrorsIn(servers: readonly ServerProcess[]): string[] {
  return servers
    .flatMap((server) => server.logLines())
    .filter((line) => line.includes('internal_error'))
    .map((line) => JSON.stringify(JSON.parse(line).err));
}

async function attempt(
  server: ServerProcess | undefined,
  method: string,
  path: string,
  body: unknown,
  token: string | undefined,
): Promise<Answer | undefined> {
  try {
    const response = await fetch(`${server?.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Resolves once so many more accounts are there. */
async function progress(accounts: readonly Account[], more: number): Promise<void> {
  const target = accounts.length + more;
  const reached = await eventually(
    () => accounts.length,
    (count) => count >= target,
    PATIENCE_MILLISECONDS,
  );
  if (reached < target) throw new Error(`only ${reached} accounts of ${target}`);
}
