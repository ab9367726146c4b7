import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/runtime/logger.ts';
import { openPrettyLog } from '../../src/runtime/pretty-log.ts';
import { useDirectories } from '../support/directories.ts';
import { collectOutput } from '../support/output.ts';
import { migratedSqliteIn } from '../support/template.ts';

const SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ID = '87b58636-a7f6-4fbd-bad7-7f9423765cfe';

/** Runs in each process before the server: to it the pipe is a terminal. */
const TERMINAL = 'Object.defineProperty(process.stdout,"isTTY",{value:true})';
/** As after npm ci --omit=dev. */
const WITHOUT_PACKAGE = `import{register}from"node:module";register("data:text/javascript,"+encodeURIComponent('export async function resolve(name,context,next){if(name==="pino-pretty")throw Object.assign(new Error("gone"),{code:"ERR_MODULE_NOT_FOUND"});return next(name,context)}'))`;

const importing = (...sources: string[]) =>
  sources.map((source) => `--import=data:text/javascript,${encodeURIComponent(source)}`).join(' ');

function readable(base: Record<string, unknown> | null = null) {
  const written: string[] = [];
  const output = { isTTY: true, write: (text: string) => written.push(text) > 0 };
  return {
    lines: () => written.map((text) => stripVTControlCharacters(text).replace(/^\[[\d:.]+\] /, '')),
    written,
    open: async () =>
      createLogger('info', await openPrettyLog({ environment: 'development' }, output as never), base),
  };
}

describe('The log in a terminal, in development', () => {
  it('says of a request in one line what was asked, how it ended and why, how long it took, and its id', async () => {
    const log = readable();
    const logger = await log.open();

    const req = { id: ID, method: 'POST' };
    const login = { req, route: '/login', responseTime: 212 };
    logger.info({ ...login, res: { status: 200 } }, 'request completed');
    logger.info({ ...login, res: { status: 401 }, code: 'invalid_credentials' }, 'request completed');
    const limited = { code: 'rate_limited', policy: 'login-ip', ip: '192.0.2.1' };
    logger.info({ ...login, res: { status: 429 }, ...limited }, 'request completed');
    logger.warn({ ...login, res: { status: 503 }, code: 'overloaded' }, 'request rejected (503)');
    logger.info({ ...login, route: null, res: { status: 404 } }, 'request aborted');

    expect(log.lines()).toEqual([
      `INFO: POST /login 200, 212 ms  ${ID}\n`,
      `INFO: POST /login 401 invalid_credentials, 212 ms  ${ID}\n`,
      `INFO: POST /login 429 rate_limited login-ip, 212 ms  ${ID} {"ip":"192.0.2.1"}\n`,
      `WARN: POST /login 503 overloaded, 212 ms  ${ID}\n`,
      `INFO: POST no route 404, 212 ms: request aborted  ${ID}\n`,
    ]);
  });

  it('keeps the members of other lines, and the stack of an error', async () => {
    const log = readable();
    const logger = await log.open();

    logger.info({ address: '127.0.0.1', port: 3000 }, 'listening');
    logger.error({ err: new Error('the disk is full') }, 'a housekeeping task failed');

    expect(log.lines()[0]).toBe('INFO: listening {"address":"127.0.0.1","port":3000}\n');
    expect(log.lines()[1]).toMatch(/^ERROR: a housekeeping task failed.*the disk is full.* at /s);
  });

  it('names the process of each line where there are several, and writes a line in one piece', async () => {
    const log = readable({ pid: 4711 });
    const logger = await log.open();

    logger.info('listening');
    logger.info({ req: { id: ID, method: 'GET' }, route: '/me', res: { status: 200 }, responseTime: 1 }, 'x');

    expect(log.lines()).toEqual(['INFO: [4711] listening\n', `INFO: [4711] GET /me 200, 1 ms: x  ${ID}\n`]);
    expect(log.written).toHaveLength(2);
  });

  it.each([
    ['production', true],
    ['test', true],
    ['development', false],
  ] as const)('is JSON in %s where the output being a terminal is %s', async (environment, isTTY) => {
    const output = { isTTY, write: () => true };

    expect(await openPrettyLog({ environment }, output as never)).toBeUndefined();
  });
});

describe('A server that is started', () => {
  const newDirectory = useDirectories();

  /** All that it writes, from its start in an environment to its end by SIGTERM. */
  async function outputOf(env: Record<string, string>, processes = 1): Promise<string> {
    const cwd = newDirectory();
    const child = spawn(process.execPath, [SERVER], {
      cwd,
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        HASH_WORKERS: '1',
        BCRYPT_COST: '4',
        DATABASE_URL: migratedSqliteIn(cwd),
        WEB_CONCURRENCY: String(processes),
        ...env,
      },
    });
    const output = collectOutput(child);
    const listening = () => output.stdout.match(/listening/g)?.length ?? 0;
    const closed = once(child, 'close');
    while (listening() < processes && child.exitCode === null) {
      await Promise.race([once(child.stdout, 'data'), closed]);
    }
    child.kill('SIGTERM');
    await closed;
    return stripVTControlCharacters(output.stdout);
  }

  it('logs readable lines to a terminal, from the first to the last', async () => {
    const text = await outputOf({ NODE_OPTIONS: importing(TERMINAL) });

    expect(text).toMatch(/^\[[\d:.]+\] INFO: Latchkey starts \{"version":/);
    expect(text).toMatch(/\] INFO: stopped\n$/);
    expect(text).not.toMatch(/^\{/m);
  });

  it('of several processes logs readable lines from all of them', async () => {
    const text = await outputOf({ NODE_OPTIONS: importing(TERMINAL) }, 2);

    const pids = [...text.matchAll(/INFO: \[(\d+)\] listening/g)].map(([, pid]) => pid);
    expect(new Set(pids).size).toBe(2);
    expect(text).not.toMatch(/^\{/m);
  });

  it.each([
    ['the output is no terminal', {}],
    ['the package is not installed', { NODE_OPTIONS: importing(TERMINAL, WITHOUT_PACKAGE) }],
  ])('logs JSON where %s', async (_where, env) => {
    const text = await outputOf(env);

    const [first = ''] = text.split('\n');
    expect(JSON.parse(first)).toMatchObject({ level: 30, msg: 'Latchkey starts' });
    expect(text).not.toMatch(/^\[/m);
  });
});
