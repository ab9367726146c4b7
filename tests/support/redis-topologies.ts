import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './mysql-server.ts';
import { launchRedis, PASSWORD, type RedisServer, startRedisServer } from './redis-server.ts';
import { eventually } from './several-processes.ts';
import { temporaryDirectory } from './temporary.ts';

const SLOTS = 16_384;
const NODES = 3;
const NODE_TIMEOUT_MILLISECONDS = 1000;
const SENTINELS = 3;
const QUORUM = 2;
const PRIMARY = 'latchkey-primary';
const PATIENCE_MILLISECONDS = 30_000;

/** Several servers that hold the data together. */
export interface RedisTopology {
  /** For REDIS_URL. */
  readonly url: string;
  readonly servers: readonly RedisServer[];
  readonly stop: () => Promise<void>;
}

/** Three primaries that share the slots, without replicas. */
export async function startRedisCluster(): Promise<RedisTopology> {
  const servers = await Promise.all(Array.from({ length: NODES }, startNode));
  const share = Math.ceil(SLOTS / NODES);
  await Promise.all(
    servers.map((server, index) =>
      ask(server, (client) =>
        client.cluster('ADDSLOTSRANGE', index * share, Math.min(SLOTS, (index + 1) * share) - 1),
      ),
    ),
  );
  const [first, ...others] = servers as [RedisServer, ...RedisServer[]];
  for (const { port, busPort } of others)
    await ask(first, (client) => client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort ?? 0));
  for (const server of servers) await untilClusterIsWell(server);
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return { url: `redis+cluster://:${PASSWORD}@${nodes}`, servers, stop: () => stopAll(servers) };
}

async function startNode(): Promise<RedisServer> {
  const busPort = await freePort();
  const server = await startRedisServer([
    ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
    ...['--cluster-node-timeout', String(NODE_TIMEOUT_MILLISECONDS)],
  ]);
  return Object.assign(server, { busPort });
}

/** Resolves once a node knows who has each slot, and reaches them. */
export async function untilClusterIsWell(server: RedisServer): Promise<void> {
  const read = () => ask(server, (client) => client.cluster('INFO') as Promise<string>);
  const info = await eventually(read, isWell, PATIENCE_MILLISECONDS);
  if (!isWell(info)) throw new Error(`the cluster does not come together: ${info}`);
}

function isWell(info: string): boolean {
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`);
}

/** A primary with a replica, and sentinels that watch over them. */
export interface SentinelTopology extends RedisTopology {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
}

export async function startSentinelTopology(): Promise<SentinelTopology> {
  const primary = await startRedisServer(['--masterauth', PASSWORD]);
  const replica = await startRedisServer([
    ...['--masterauth', PASSWORD, '--replicaof', '127.0.0.1', String(primary.port)],
  ]);
  await untilReplicated(primary);
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(primary.port)));
  for (const { port } of sentinels) await untilSentinelKnowsAll(port);
  const nodes = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return {
    url: `redis+sentinel://:${PASSWORD}@${nodes}/${PRIMARY}/0`,
    primary,
    replica,
    servers: [primary, replica],
    async stop() {
      for (const sentinel of sentinels) await sentinel.stop();
      await stopAll([primary, replica]);
    },
  };
}

/** Resolves once the replica has everything that the primary has taken so far. */
export async function untilReplicated(primary: RedisServer): Promise<void> {
  const read = () =>
    ask(primary, async (client) => {
      const info = await client.info('replication');
      const offset = /master_repl_offset:(\d+)/.exec(info)?.[1];
      return info.includes('state=online') && info.includes(`offset=${offset},`);
    });
  if (!(await eventually(read, (isReplicated) => isReplicated, PATIENCE_MILLISECONDS)))
    throw new Error('the replica does not follow its primary');
}

async function startSentinel(primaryPort: number) {
  const directory = temporaryDirectory('sentinel');
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  // A sentinel writes into the file what it finds out.
  writeFileSync(
    file,
    [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir ${directory}`,
      `sentinel monitor ${PRIMARY} 127.0.0.1 ${primaryPort} ${QUORUM}`,
      `sentinel auth-pass ${PRIMARY} ${PASSWORD}`,
      `sentinel down-after-milliseconds ${PRIMARY} ${NODE_TIMEOUT_MILLISECONDS}`,
      `sentinel failover-timeout ${PRIMARY} 5000`,
    ].join('\n'),
  );
  const sentinel = await launchRedis([file, '--sentinel'], /\+monitor/);
  return {
    port,
    async stop() {
      await sentinel.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilSentinelKnowsAll(port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1');
  const read = async () => {
    const facts = (await client.call('SENTINEL', 'MASTER', PRIMARY)) as string[];
    const countOf = (name: string) => Number(facts[facts.indexOf(name) + 1]);
    return countOf('num-slaves') === 1 && countOf('num-other-sentinels') === SENTINELS - 1;
  };
  const knowsAll = await eventually(read, (known) => known, PATIENCE_MILLISECONDS);
  client.disconnect();
  if (!knowsAll) throw new Error('the sentinels do not find each other');
}

async function ask<Result>(server: RedisServer, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis({ host: '127.0.0.1', port: server.port, password: PASSWORD });
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) await server.stop();
}
