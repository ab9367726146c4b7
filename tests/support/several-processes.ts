import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll } from '@jest/globals';
import { useDirectories } from './directories.ts';
import { expectCleanLogs } from './logs.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { createMigratedDatabase } from './template.ts';
import type { TestDatabase } from './test-database.ts';

/**
 * Starts the built server with WEB_CONCURRENCY, in an empty directory and on an SQLite of its own unless `env` names a
 * database, and waits until all its processes listen. At the end of the suite whatever a failed test left behind is
 * killed, and the logs are checked for secrets.
 */
export function useSeveralProcesses() {
  const newDirectory = useDirectories();
  const started: ServerProcess[] = [];
  const databases: TestDatabase[] = [];

  afterAll(async () => {
    for (const { child, exited } of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      for (const pid of [...childrenOf(child.pid), child.pid ?? 0]) process.kill(pid, 'SIGKILL');
      await exited;
    }
    for (const database of databases) await database.drop();
    expectCleanLogs(started.flatMap((server) => server.logLines()));
  });

  return async (env: Record<string, string> = {}, count = 2): Promise<ServerProcess> => {
    const server = await startServer(newDirectory(), {
      BCRYPT_COST: '4',
      WEB_CONCURRENCY: String(count),
      DATABASE_URL: env.DATABASE_URL ?? (await migratedSqlite()),
      ...env,
    });
    started.push(server);
    // The first process says so last of all.
    await untilLine(server, (line) => line.includes('API docs'));
    await untilLogged(server, 'listening', count);
    return server;
  };

  async function migratedSqlite(): Promise<string> {
    const database = await createMigratedDatabase('SQLite');
    databases.push(database);
    return database.url;
  }
}

/** Resolves once there have been so many log lines with this message. */
export async function untilLogged(server: ServerProcess, message: string, times: number): Promise<void> {
  await untilLine(server, () => countLogged(server, message) >= times);
}

export function countLogged(server: ServerProcess, message: string): number {
  return server.logLines().filter((line) => JSON.parse(line).msg === message).length;
}

/** Resolves once `fits` has held for a line of standard output, past or future. */
async function untilLine(server: ServerProcess, fits: (line: string) => boolean): Promise<void> {
  while (!server.lines.some(fits)) {
    const { exitCode, signalCode } = server.child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(
        `ended with ${exitCode ?? signalCode} before the line came:\n${server.lines.join('\n')}`,
      );
    }
    await Promise.race([once(server.child.stdout ?? server.child, 'data'), server.exited]);
  }
}

/** What the operating system knows: the processes that the one with this id has started and that still run. */
export function childrenOf(pid: number | undefined): number[] {
  return runningProcesses()
    .filter((process) => process.parent === pid)
    .map((process) => process.pid);
}

/** Those of `pids` that still run. */
export function runningOf(pids: readonly number[]): number[] {
  const running = new Set(runningProcesses().map((process) => process.pid));
  return pids.filter((pid) => running.has(pid));
}

/** Lets a process do nothing from now on, until SIGCONT, and resolves when it does nothing. */
export async function freeze(pid: number | undefined): Promise<void> {
  const isAt = (state: string) => () => stateOf(pid).startsWith(state);
  // Asleep is where a process is that has nothing left to do.
  await eventually(isAt('S'), (isAsleep) => isAsleep);
  process.kill(pid ?? 0, 'SIGSTOP');
  await eventually(isAt('T'), (isFrozen) => isFrozen);
}

function stateOf(pid: number | undefined): string {
  return runningProcesses().find((process) => process.pid === pid)?.state ?? '';
}

function runningProcesses(): { readonly pid: number; readonly parent: number; readonly state: string }[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=']).toString();
  return (
    table
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .map(([pid, parent, state = 'Z']) => ({ pid: Number(pid), parent: Number(parent), state }))
      // A dead one whose parent has not noticed yet; with an l, some of its threads have not ended.
      .filter(({ state }) => !state.startsWith('Z') || state.includes('l'))
  );
}

const PATIENCE_MILLISECONDS = 15_000;
const INTERVAL_MILLISECONDS = 20;

/** For what has no event: asks until `read` returns something that `fits`, and returns that or what came last. */
export async function eventually<Value>(
  read: () => Value | Promise<Value>,
  fits: (value: Value) => boolean,
  withinMilliseconds = PATIENCE_MILLISECONDS,
): Promise<Value> {
  const until = performance.now() + withinMilliseconds;
  for (;;) {
    const value = await read();
    if (fits(value) || performance.now() > until) return value;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MILLISECONDS));
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface Sending {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
}

/** A request over a connection of its own, so that each may come to another process. */
export async function send(url: string, { method = 'GET', token, body }: Sending = {}): Promise<Answer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(content !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(content),
    }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  const sent = request(url, { method, headers, agent: false });
  sent.end(content);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

/** So many requests one after another, each over a connection of its own: their statuses. */
export async function statusesOf(count: number, url: string, sending: Sending = {}): Promise<number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent++) statuses.push((await send(url, sending)).status);
  return statuses;
}
