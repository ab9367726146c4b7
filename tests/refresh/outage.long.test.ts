import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { applyMigrations } from '../../src/db/migrate.ts';
import { MANY_REQUESTS } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { type MysqlServer, startMysqlServer } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { send } from '../support/several-processes.ts';

const CLIENTS = 60;
const PAUSE_MILLISECONDS = 400;
const PATIENCE_MILLISECONDS = 3_000;
const FROZEN_MILLISECONDS = 14_000;
const METRICS_TOKEN = 'a-token-that-reads-the-metrics';

/** What became of the refreshes of all clients. */
interface Tally {
  refreshed: number;
  unanswered: number;
  readonly refusals: string[];
}

describe('Clients that refresh while their services are killed and the database stands still for 14 seconds', () => {
  const newDirectory = useDirectories();
  let mysql: MysqlServer;
  let servers: ServerProcess[] = [];
  const refreshTokens: string[] = [];

  beforeAll(async () => {
    const started = await startMysqlServer();
    if (started === undefined) throw new Error('there is no MySQL server');
    mysql = started;
    const { createConnection } = await import('mysql2/promise');
    const connection = await createConnection({ uri: mysql.url });
    await connection.query('CREATE DATABASE latchkey');
    await connection.end();
    await applyMigrations(loadConfig({ DATABASE_URL: `${mysql.url}/latchkey` }).database);
    servers = await Promise.all([start(), start()]);
    for (let client = 0; client < CLIENTS; client++) {
      const { body } = await send(`${servers[0]?.url}/signup`, { method: 'POST', body: aPerson() });
      refreshTokens.push(String(body.refresh_token));
    }
  }, 120_000);

  afterAll(async () => {
    mysql.signal('SIGCONT');
    await Promise.all(servers.map((server) => server.stop()));
    await mysql.stop();
  });

  const start = () =>
    startServer(newDirectory(), {
      DATABASE_URL: `${mysql.url}/latchkey`,
      JWT_SECRET: 'one secret for all processes of this suite',
      BCRYPT_COST: '4',
      METRICS_TOKEN,
      ...MANY_REQUESTS,
    });

  async function killAndReplace(index: number): Promise<void> {
    servers[index]?.child.kill('SIGKILL');
    await servers[index]?.exited;
    servers[index] = await start();
  }

  /** Undefined where no answer came, as with a client that has a time-out. */
  async function ask(index: number, path: string, sending: { token?: string; body?: unknown }) {
    const url = `${servers[index % servers.length]?.url}${path}`;
    const method = sending.body === undefined ? 'GET' : 'POST';
    const answer = send(url, { method, ...sending }).catch(() => undefined);
    const answered = await Promise.race([answer, sleep(PATIENCE_MILLISECONDS, undefined, { ref: false })]);
    return answered === undefined || answered.status === 503 ? undefined : answered;
  }

  /** Refreshes, uses what came, and repeats with the same token what was not answered. */
  async function live(client: number, tally: Tally, isOver: () => boolean): Promise<void> {
    let refreshToken = refreshTokens[client] ?? '';
    for (let turn = client; !isOver(); turn++) {
      const answer = await ask(turn, '/refresh', { body: { refresh_token: refreshToken } });
      if (answer === undefined) tally.unanswered++;
      else if (answer.status !== 200) {
        tally.refusals.push(`${answer.status} ${String(answer.body.code)}`);
        return;
      } else {
        tally.refreshed++;
        refreshToken = String(answer.body.refresh_token);
        await ask(turn, '/verify', { token: String(answer.body.access_token) });
      }
      await sleep(PAUSE_MILLISECONDS);
    }
  }

  it('keep their sessions, all of them', async () => {
    const tally: Tally = { refreshed: 0, unanswered: 0, refusals: [] };
    let over = false;
    const clients = Array.from({ length: CLIENTS }, (_, client) => live(client, tally, () => over));
    await sleep(3_000);
    for (const index of [0, 1, 0]) {
      await killAndReplace(index);
      await sleep(500);
    }
    mysql.signal('SIGSTOP');
    await sleep(FROZEN_MILLISECONDS);
    mysql.signal('SIGCONT');
    // Longer than the grace, after which whatever was lost in between would be a reuse.
    await sleep(14_000);
    over = true;
    await Promise.all(clients);

    const repeated = await Promise.all(
      servers.map(async ({ url }) => {
        const { text } = await send(`${url}/metrics`, { token: METRICS_TOKEN });
        return ['grace', 'retry'].map((outcome) => sumOf(text, 'latchkey_refreshes_total', { outcome }));
      }),
    );
    console.log(
      `${tally.refreshed} refreshes of ${CLIENTS} clients, ${tally.unanswered} without an answer; repeated (grace, retry) at each service: ${JSON.stringify(repeated)}; refused: ${JSON.stringify(tally.refusals)}`,
    );
    expect(tally.unanswered).toBeGreaterThan(0);
    expect(tally.refusals).toEqual([]);
  }, 180_000);
});
