import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { findOnPath, freePort } from './mysql-server.ts';
import { eventually } from './several-processes.ts';
import { temporaryDirectory } from './temporary.ts';
import { GALERA_PROVIDER } from './tools.ts';

/** What the group waits for a silent member before it goes on without it. */
const PATIENCE =
  'evs.keepalive_period=PT0.3S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT3S;evs.inactive_check_period=PT0.3S';
const START_MILLISECONDS = 60_000;

export interface GaleraNode {
  readonly port: number;
  /** Whether it takes statements: it is part of a cluster that knows itself to be whole, and has caught up. */
  readonly isSynced: () => Promise<boolean>;
  /** Whether any node answers at this port. */
  readonly answersAt: (port: number) => Promise<boolean>;
  readonly kill: () => Promise<void>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Starts it again after `kill`, and resolves once it has caught up. */
  readonly rejoin: () => Promise<void>;
  readonly query: <Row>(sql: string) => Promise<Row[]>;
}

/** Three nodes on loopback that all take writes, in a directory of their own. */
export async function startGalera(): Promise<{ nodes: GaleraNode[]; stop: () => Promise<void> }> {
  const directory = temporaryDirectory('galera');
  const installer = findOnPath('mariadb-install-db') ?? '';
  const empty = join(directory, 'empty');
  const rights = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  execFileSync(installer, ['--no-defaults', `--datadir=${empty}`, ...rights], { stdio: 'pipe' });
  const places = await Promise.all(
    [1, 2, 3].map(async (number) => ({
      number,
      port: await freePort(),
      group: await freePort(),
      ist: await freePort(),
      sst: await freePort(),
    })),
  );
  const members = places.map(({ group }) => `127.0.0.1:${group}`).join(',');
  const nodes = places.map((place) => createNode(directory, empty, members, place));
  async function stop(): Promise<void> {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(directory, { recursive: true, force: true });
  }
  try {
    await nodes[0]?.start(['--wsrep-new-cluster']);
    for (const node of nodes.slice(1)) await node.start([]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop };
}

interface Place {
  readonly number: number;
  readonly port: number;
  readonly group: number;
  readonly ist: number;
  readonly sst: number;
}

function createNode(directory: string, empty: string, members: string, place: Place) {
  const { number, port, group, ist, sst } = place;
  const binary = findOnPath('mariadbd') ?? '';
  const own = join(directory, `node-${number}`);
  const data = join(own, 'data');
  cpSync(empty, data, { recursive: true });
  const ofServer = [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${join(own, 'socket')}`,
    `--pid-file=${join(own, 'pid')}`,
    `--tmpdir=${own}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--max-connections=400',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    // What a killed node had not written to the disk the others have.
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=16M',
  ];
  const options = [
    `gmcast.listen_addr=tcp://127.0.0.1:${group}`,
    `ist.recv_addr=127.0.0.1:${ist}`,
    'gcache.size=64M',
    PATIENCE,
  ].join(';');
  const ofCluster = [
    '--wsrep-on=ON',
    `--wsrep-provider=${GALERA_PROVIDER}`,
    `--wsrep-cluster-address=gcomm://${members}`,
    '--wsrep-cluster-name=latchkey-test',
    `--wsrep-node-name=node-${number}`,
    `--wsrep-node-address=127.0.0.1:${group}`,
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${sst}`,
    `--wsrep-provider-options=${options}`,
  ];
  // The rsync of a node that root runs would be a user who may not enter the directory.
  const isRoot = process.getuid?.() === 0;
  const asNoUser = isRoot ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (isRoot) execFileSync('chown', ['-R', 'nobody', directory]);
  let server: ChildProcess | undefined;
  let log = '';
  let watching: Connection | undefined;
  let asking: Promise<boolean> | undefined;

  async function start(more: readonly string[]): Promise<void> {
    const child = spawn(binary, [...ofServer, ...ofCluster, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...asNoUser,
    });
    server = child;
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-8_000);
    });
    const isThere = await eventually(
      async () => child.exitCode !== null || (await isSynced()),
      (is) => is,
      START_MILLISECONDS,
    );
    if (!isThere || child.exitCode !== null) throw new Error(`node ${number} does not start:\n${log}`);
  }

  async function query<Row>(sql: string): Promise<Row[]> {
    const connection = await createConnection({
      host: '127.0.0.1',
      port,
      user: 'root',
      connectTimeout: 1000,
    });
    connection.on('error', () => {});
    try {
      const [rows] = await connection.query(sql);
      return rows as Row[];
    } finally {
      connection.destroy();
    }
  }

  /** Asked by several at once, one connection does for all. */
  function isSynced(): Promise<boolean> {
    asking ??= askWhetherSynced().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  async function askWhetherSynced(): Promise<boolean> {
    const sql = "SHOW STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state_comment')";
    try {
      watching ??= await connect(port);
      const [rows] = await watching.query({ sql, timeout: 1000 });
      const values = (rows as unknown as { Value: string }[]).map(({ Value }) => Value);
      return values.includes('ON') && values.includes('Synced');
    } catch {
      watching?.destroy();
      watching = undefined;
      return false;
    }
  }

  async function answersAt(other: number): Promise<boolean> {
    try {
      (await connect(other)).destroy();
      return true;
    } catch {
      return false;
    }
  }

  /** Where a node that was killed is in the history, which it has to say at its start to get only what it missed. */
  function recoveredPosition(): string {
    const args = [...ofServer, ...ofCluster, '--wsrep-recover'];
    const { stderr } = spawnSync(binary, args, { encoding: 'utf8', ...asNoUser });
    const position = /Recovered position:\s*(\S+)/.exec(stderr)?.[1];
    if (position === undefined)
      throw new Error(`node ${number} does not know where it is:\n${stderr.slice(-3000)}`);
    return position;
  }

  return {
    port,
    start,
    isSynced,
    answersAt,
    query,
    async kill() {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    rejoin: () => start([`--wsrep-start-position=${recoveredPosition()}`]),
  };
}

async function connect(port: number): Promise<Connection> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 1000 });
  connection.on('error', () => {});
  return connection;
}

function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
}
