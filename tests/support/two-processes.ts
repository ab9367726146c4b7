import { afterAll, beforeAll } from '@jest/globals';
import { MANY_REQUESTS } from './app.ts';
import type { DatabaseKind, TestDatabase } from './databases.ts';
import { useDirectories } from './directories.ts';
import { expectCleanLogs } from './logs.ts';
import { aPerson } from './people.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { createMigratedDatabase } from './template.ts';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export const SHARED_SECRET = 'one secret for both processes of this suite';

/**
 * Two built servers on one database, as behind a load balancer. Their logs are checked for secrets at the end. The rest of
 * the environment may be a function, for what is known only once the suite has begun.
 */
export function useTwoProcesses(
  kind: DatabaseKind,
  env: Record<string, string> | (() => Record<string, string>) = {},
) {
  const newDirectory = useDirectories();
  let database: TestDatabase;
  let processes: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createMigratedDatabase(kind);
    const PUBLIC_URL = 'https://auth.example.com';
    // By name where there is a host, since looking a name up is part of reaching a database.
    const databaseUrl = database.url.replace('@127.0.0.1:', '@localhost:');
    const shared = {
      DATABASE_URL: databaseUrl,
      MIGRATE_ON_START: 'true',
      BCRYPT_COST: '4',
      HASH_WORKERS: '1',
      JWT_SECRET: SHARED_SECRET,
      PUBLIC_URL,
      ...MANY_REQUESTS,
    };
    const all = { ...shared, ...(typeof env === 'function' ? env() : env) };
    processes = await Promise.all([1, 2].map(() => startServer(newDirectory(), all)));
  });

  afterAll(async () => {
    await Promise.all(processes.map((server) => server.stop()));
    await database.drop();
    expectCleanLogs(processes.flatMap((server) => server.logLines()));
  });

  /** Sends a request to the process with this index; odd and even ones take turns. */
  async function send(
    index: number,
    method: string,
    path: string,
    options: SendOptions = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.token !== undefined) headers.Authorization = `Bearer ${options.token}`;
    const body = options.body === undefined ? null : JSON.stringify(options.body);
    const response = await fetch(`${processes[index % 2]?.url}${path}`, { method, headers, body });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }

  return {
    send,
    database: () => database,
    /** Stops the process with this index, and gives its exit code. */
    stop: (index: number) => processes[index]?.stop(),
    async signUp() {
      const person = aPerson();
      const { body } = await send(0, 'POST', '/signup', { body: person });
      return { ...person, accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
    },
  };
}

interface SendOptions {
  readonly body?: unknown;
  readonly token?: string;
}
