import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MANY_REQUESTS } from '../support/app.ts';
import { type Balancer, startHaproxyBalancer, startNginxBalancer } from '../support/balancers.ts';
import { databaseKinds, type TestDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { expectCleanLogs } from '../support/logs.ts';
import { findOnPath, freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send } from '../support/several-processes.ts';
import { type Sending, startSteadyLoad } from '../support/steady-load.ts';
import { createMigratedDatabase } from '../support/template.ts';

const REQUESTS_PER_SECOND = 150;
/** A login hashes, which the others do not. */
const REQUESTS_PER_LOGIN = 30;
const PEOPLE = 50;
/** Shorter than in production, as HAProxy asks more often here than each second. */
const SHUTDOWN_DELAY_SECONDS = '2';
/** A second process shares the port of the other replica. */
const PROCESSES = [1, 2];

const [haproxy, nginx] = [findOnPath('haproxy'), findOnPath('nginx')];
const isPossible = haproxy !== undefined && nginx !== undefined && databaseKinds.includes('MySQL');
const whereItIsPossible = isPossible ? describe : describe.skip;

whereItIsPossible('Two replicas that are restarted in turn under load', () => {
  const newDirectory = useDirectories();
  const replicas: ServerProcess[] = [];
  const logLines: string[] = [];
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createMigratedDatabase('MySQL');
    for (const index of PROCESSES.keys()) await startReplica(index, await freePort());
  });

  afterAll(async () => {
    await Promise.all(replicas.map(stopReplica));
    await database.drop();
    expectCleanLogs(logLines);
  });

  /** Resolves once the replica is ready, which a deployment awaits as well. */
  async function startReplica(index: number, port: number): Promise<void> {
    const server = await startServer(newDirectory(), {
      DATABASE_URL: database.url,
      JWT_SECRET: 'one secret for both replicas of this suite',
      PORT: String(port),
      PUBLIC_URL: 'https://auth.example.com',
      BCRYPT_COST: '4',
      SHUTDOWN_DELAY_SECONDS,
      WEB_CONCURRENCY: String(PROCESSES[index]),
      ...MANY_REQUESTS,
    });
    replicas[index] = server;
    const isReady = (status: number) => status === 200;
    expect(await eventually(async () => (await send(`${server.url}/readyz`)).status, isReady)).toBe(200);
  }

  async function stopReplica(replica: ServerProcess): Promise<number> {
    const exitCode = await replica.stop();
    logLines.push(...replica.logLines());
    return exitCode;
  }

  async function restart(index: number, balancer: Balancer): Promise<void> {
    const replica = replicas[index] as ServerProcess;
    await balancer.beforeStop(index);
    expect(await stopReplica(replica)).toBe(0);
    await startReplica(index, replica.port);
    await balancer.afterStart(index);
  }

  it.each([
    ['HAProxy', 15, () => startHaproxyBalancer(haproxy ?? '', portsOf(replicas))],
    ['nginx', 15, () => startNginxBalancer(nginx ?? '', portsOf(replicas))],
  ])(
    'lose no request of 150 a second over keep-alive connections behind %s in %d restarts',
    async (_balancer, count, start) => {
      const balancer = await start();
      const sendingOf = await someRequests(replicas[0]?.url ?? '');

      const stopLoad = startSteadyLoad(balancer.url, REQUESTS_PER_SECOND, sendingOf);
      for (let restarts = 0; restarts < count; restarts++) await restart(restarts % 2, balancer);
      const { sent, failures } = await stopLoad();
      await balancer.stop();

      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(count * REQUESTS_PER_SECOND);
    },
  );
});

const portsOf = (replicas: readonly ServerProcess[]) => replicas.map(({ port }) => port);

/** Reads and logins in turn, each with 200 for its answer. */
async function someRequests(url: string): Promise<(index: number) => Sending> {
  const people = Array.from({ length: PEOPLE }, () => aPerson());
  const tokens: unknown[] = [];
  for (const person of people) {
    tokens.push((await send(`${url}/signup`, { method: 'POST', body: person })).body.access_token);
  }
  const [verified, ...others] = people.map((person, index) => ({
    verify: { method: 'GET', path: '/verify', headers: { Authorization: `Bearer ${tokens[index]}` } },
    login: {
      method: 'POST',
      path: '/login',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(person),
    },
  }));
  const healthz: Sending = { method: 'GET', path: '/healthz' };
  return (index) => {
    if (index % REQUESTS_PER_LOGIN !== 0) return (index % 2 === 0 ? verified?.verify : healthz) ?? healthz;
    // One after another, since one account has few logins at a time.
    return others[(index / REQUESTS_PER_LOGIN) % others.length]?.login ?? healthz;
  };
}
