import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { collectOutput, type Output } from './output.ts';
import { aPerson } from './people.ts';

const SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Everything on standard output so far, line by line. */
  readonly lines: readonly string[];
  /** The JSON lines alone. */
  readonly logLines: () => string[];
  /** Resolves with the first log line, past or future, that has this message. */
  readonly logged: (message: string) => Promise<Record<string, unknown>>;
  /** Resolves with the exit code; -1 for a death by signal. */
  readonly exited: Promise<number>;
  /** SIGTERM, and the exit code. */
  readonly stop: () => Promise<number>;
}

export interface Run extends Output {
  readonly exitCode: number;
}

/**
 * What the server's environment holds besides what a test sets: nothing of the developer's own, and time to hash and to
 * reach the database on a machine that is busy with other tests.
 */
function environment(env: Record<string, string>): Record<string, string> {
  const patience = {
    HASH_MAX_WAIT_MS: '60000',
    HASH_NICENESS: '0',
    DATABASE_TIMEOUT_MS: '10000',
    DATABASE_CONNECT_TIMEOUT_MS: '10000',
  };
  return { PATH: process.env.PATH ?? '', PORT: '0', ...patience, ...env };
}

/** Runs the built server in `directory` until it listens. */
export async function startServer(
  directory: string,
  env: Record<string, string> = {},
  program = SERVER,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program], { cwd: directory, env: environment(env) });
  const lines: string[] = [];
  const watchers: ((entry: Record<string, unknown>) => void)[] = [];
  const output = collectOutput(child);
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('{')) for (const watch of watchers) watch(JSON.parse(line));
  });
  const exited = once(child, 'close').then(([code]) => (code as number | null) ?? -1);
  const logLines = () => lines.filter((line) => line.startsWith('{'));

  const logged = (message: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const past = logLines().map((line) => JSON.parse(line) as Record<string, unknown>);
      const found = past.find((entry) => entry.msg === message);
      if (found !== undefined) resolve(found);
      watchers.push((entry) => entry.msg === message && resolve(entry));
      exited.then((code) => reject(new Error(`exit ${code} before "${message}": ${output.stderr}`)), reject);
    });

  const port = (await logged('listening')).port as number;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    child,
    lines,
    logLines,
    logged,
    exited,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Runs the built server where it is expected to end by itself. */
export async function runServer(directory: string, env: Record<string, string> = {}): Promise<Run> {
  const child = spawn(process.execPath, [SERVER], { cwd: directory, env: environment(env) });
  const output = collectOutput(child);
  const [code] = await once(child, 'close');
  return { exitCode: (code as number | null) ?? -1, ...output };
}

/** A sign-up whose headers the server has read, which its 100 Continue proves, and whose body is yet to come. */
export async function beginSignup(server: ServerProcess) {
  const body = JSON.stringify(aPerson());
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    Expect: '100-continue',
  };
  const agent = new Agent({ keepAlive: true });
  const signup = request(`${server.url}/signup`, { method: 'POST', headers, agent });
  signup.on('error', () => {});
  signup.flushHeaders();
  await once(signup, 'continue');
  return {
    async finish() {
      signup.end(body);
      const [response] = (await once(signup, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response;
    },
    abandon: () => signup.destroy(),
  };
}

export type BegunSignup = Awaited<ReturnType<typeof beginSignup>>;

/** How sign-ups end once their bodies are sent: by a status, or by an error. */
export async function finishedStatuses(inFlight: readonly BegunSignup[]): Promise<unknown[]> {
  const ends = await Promise.allSettled(inFlight.map((signup) => signup.finish()));
  return ends.map((end) => (end.status === 'fulfilled' ? end.value.statusCode : String(end.reason)));
}
