import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { loadConfig } from '../../src/config/config.ts';
import { applyMigrations } from '../../src/db/migrate.ts';
import { MANY_REQUESTS } from '../support/app.ts';
import { useDirectories } from '../support/directories.ts';
import { startGalera } from '../support/galera.ts';
import { aPerson } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send } from '../support/several-processes.ts';
import { missingForGalera } from '../support/tools.ts';

/** Long enough for a read that does not wait to be answered, and short of the time that an operation has. */
const LAG_MILLISECONDS = 500;

const onGalera = missingForGalera().length === 0 ? describe : describe.skip;

onGalera('A refresh at a node of a Galera cluster that lags behind', () => {
  const newDirectory = useDirectories();
  let cluster: Awaited<ReturnType<typeof startGalera>>;
  let ahead: ServerProcess;
  let behind: ServerProcess;
  let lagging: Connection;

  beforeAll(async () => {
    cluster = await startGalera();
    const [first, second] = cluster.nodes;
    await first?.query('CREATE DATABASE latchkey');
    const urlOf = (port = 0) => `mysql://root@127.0.0.1:${port}/latchkey`;
    await applyMigrations(loadConfig({ DATABASE_URL: urlOf(first?.port) }).database);
    const start = (port?: number) =>
      startServer(newDirectory(), {
        DATABASE_URL: urlOf(port),
        JWT_SECRET: 'one secret for all processes of this suite',
        BCRYPT_COST: '4',
        DATABASE_TIMEOUT_MS: '5000',
        ...MANY_REQUESTS,
      });
    [ahead, behind] = await Promise.all([start(first?.port), start(second?.port)]);
    lagging = await createConnection(urlOf(second?.port));
  }, 180_000);

  afterAll(async () => {
    await lagging?.end();
    await Promise.all([ahead?.stop(), behind?.stop()]);
    await cluster?.stop();
  });

  const post = (server: ServerProcess, path: string, body: unknown) =>
    send(`${server.url}${path}`, { method: 'POST', body });

  const refresh = async (server: ServerProcess, refreshToken: string) => {
    const { status, body } = await post(server, '/refresh', { refresh_token: refreshToken });
    return { status, code: body.code, refreshToken: String(body.refresh_token) };
  };

  /** A user whom both nodes know, who has refreshed at the one since the other one stopped to apply anything. */
  async function refreshedBehindTheBack(): Promise<string> {
    const { body } = await post(ahead, '/signup', aPerson());
    const refreshToken = String(body.refresh_token);
    const known = () => lagging.query('SELECT 1 FROM sessions WHERE id = ?', [refreshToken.slice(0, 36)]);
    await eventually(known, ([rows]) => (rows as unknown[]).length === 1);
    await lagging.query('FLUSH TABLES WITH READ LOCK');
    return (await refresh(ahead, refreshToken)).refreshToken;
  }

  it('waits until that knows of the refresh before, and succeeds', async () => {
    const refreshToken = await refreshedBehindTheBack();

    const answer = refresh(behind, refreshToken);
    await new Promise((resolve) => setTimeout(resolve, LAG_MILLISECONDS));
    await lagging.query('UNLOCK TABLES');

    expect(await answer).toMatchObject({ status: 200 });
  });

  it('is answered 503 as long as it lags, and succeeds afterwards with the same token', async () => {
    const refreshToken = await refreshedBehindTheBack();

    const refused = await refresh(behind, refreshToken);
    await lagging.query('UNLOCK TABLES');

    expect(refused.status).toBe(503);
    const answer = await eventually(
      () => refresh(behind, refreshToken),
      ({ status }) => status === 200,
    );
    expect(answer.status).toBe(200);
  });
});
