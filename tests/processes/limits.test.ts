import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { eventually, send, useSeveralProcesses } from '../support/several-processes.ts';

const newDirectory = useDirectories();
const startSeveral = useSeveralProcesses();
const METRICS_TOKEN = 'a-token-that-reads-the-metrics';
const FIVE_LOGINS = { RATE_LIMIT_LOGIN_IP: '5/60', LOGIN_FREE_FAILURES: '100', METRICS_TOKEN };
const REQUESTS = 40;

describe('Two processes without Redis', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    const slowly = { BCRYPT_COST: '10', HASH_WORKERS: '2' };
    server = await startSeveral({ ...FIVE_LOGINS, ...slowly, RATE_LIMIT_SIGNUP_IP: '1000/60' });
  });

  it('divide HASH_WORKERS between them, so that both together hash no more passwords at once', async () => {
    const signUp = () => send(`${server.url}/signup`, { method: 'POST', body: aPerson() });
    let areOver = false;
    const signups = Promise.all(Array.from({ length: 12 }, signUp)).finally(() => {
      areOver = true;
    });

    const running: number[] = [];
    while (!areOver) {
      const { text } = await send(`${server.url}/metrics`, { token: METRICS_TOKEN });
      running.push(sumOf(text, 'latchkey_hash_running'));
    }
    const statuses = (await signups).map(({ status }) => status);

    expect(new Set(statuses)).toEqual(new Set([201]));
    expect(Math.max(...running)).toBe(2);
  });

  it('each count a limit of five requests, so that ten pass: both of them do answer', async () => {
    const statuses: number[] = [];
    // A busy process is given fewer connections than the other one.
    while (passedOf(statuses) < 10) statuses.push(...(await tryToLogIn(server.url)));
    statuses.push(...(await tryToLogIn(server.url)));
    const { text } = await send(`${server.url}/metrics`, { token: METRICS_TOKEN });

    const limited = statuses.filter((status) => status === 429).length;
    expect([passedOf(statuses), limited]).toEqual([10, statuses.length - 10]);
    expect(sumOf(text, 'latchkey_rate_limited_total', { policy: 'login-ip' })).toBe(limited);
  });

  it('exit with 0 when nothing is in flight, and have printed METRICS_TOKEN nowhere', async () => {
    expect(await server.stop()).toBe(0);
    expect(server.lines.join('\n')).not.toContain(METRICS_TOKEN);
  });
});

onRedis(() => {
  describe('A limit of five requests, with Redis', () => {
    let redis: ChildProcess;
    let url: string;

    beforeAll(async () => {
      const port = await freePort();
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      redis = spawn('redis-server', options, { cwd: newDirectory(), stdio: ['ignore', 'pipe', 'inherit'] });
      let log = '';
      while (!log.includes('Ready to accept connections')) {
        log += String((await once(redis.stdout ?? redis, 'data'))[0]);
      }
      url = `redis://127.0.0.1:${port}`;
    });

    afterAll(async () => {
      const ended = once(redis, 'exit');
      redis.kill('SIGKILL');
      await ended;
    });

    it('lets exactly five pass, whichever of two processes each comes to', async () => {
      const server = await startSeveral({ ...FIVE_LOGINS, REDIS_URL: url });
      await eventually(
        async () => (await send(`${server.url}/metrics`, { token: METRICS_TOKEN })).text,
        (text) => sumOf(text, 'latchkey_redis_up') === 1,
      );

      const statuses = await tryToLogIn(server.url);

      expect(passedOf(statuses)).toBe(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(REQUESTS - 5);
      expect(await server.stop()).toBe(0);
    });
  });
});

const passedOf = (statuses: readonly number[]) => statuses.filter((status) => status === 401).length;

/** So many logins of an unknown account at once, each over a connection of its own. */
async function tryToLogIn(url: string): Promise<number[]> {
  const { email, password } = aPerson();
  const login = () => send(`${url}/login`, { method: 'POST', body: { email, password } });
  const answers = await Promise.all(Array.from({ length: REQUESTS }, login));
  return answers.map(({ status }) => status);
}

/** Runs a suite where a Redis is installed. */
function onRedis(suite: () => void): void {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'pipe' });
  } catch {
    return;
  }
  suite();
}
