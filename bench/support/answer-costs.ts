import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestTemplate } from '../load/load.ts';
import type { Run } from './benchmark.ts';
import { cpuMilliseconds } from './cpu.ts';
import { compared, type Figure, measured } from './figures.ts';
import type { Generator } from './generator.ts';
import { postJson } from './http.ts';
import { startLatchkey } from './programs.ts';

const CONNECTIONS = 200;
const EMAIL = 'a@example.com';
const PASSWORD = 'correct horse battery staple';

/** The CPU time of an answer of each kind in the thread that answers all requests. */
export async function costsOfAnswers(run: Run, generate: Generator, what: string): Promise<Figure[]> {
  const program = await startLatchkey(run, {
    // One hash at a time that takes its time, and room for a few: nearly every login is refused with 503.
    BCRYPT_COST: run.quick ? '12' : '14',
    HASH_WORKERS: '1',
    HASH_MAX_WAIT_MS: run.quick ? '1000' : '4000',
    RATE_LIMITS: 'on',
    RATE_LIMIT_LOGIN_IP: '100/3600',
    RATE_LIMIT_TOKEN: '10000000/60',
    TRUST_PROXY: '1',
  });
  const { access_token: token } = await postJson<{ access_token: string }>(program, '/signup', {
    email: EMAIL,
    password: PASSWORD,
  });
  const get = (path: string, headers: Record<string, string> = {}): RequestTemplate => ({
    method: 'GET',
    path,
    headers,
  });
  const login = (addresses: number): RequestTemplate => ({
    method: 'POST',
    path: '/login',
    headers: { 'X-Forwarded-For': '{{address}}' },
    // An account that has to wait after wrong passwords would keep the thread idle.
    body: JSON.stringify({ email: 'stranger-{{n}}@example.com', password: 'a wrong one' }),
    numbers: { first: addresses, count: addresses, order: 'rising' },
    prebuilt: addresses,
  });
  const kinds: readonly (readonly [name: string, status: number, request: RequestTemplate])[] = [
    ['200, GET /verify', 200, get('/verify', { Authorization: `Bearer ${token}` })],
    ['404', 404, get('/nothing')],
    ['401, GET /me', 401, get('/me')],
    ['429, POST /login', 429, login(1)],
    ['503 overloaded, POST /login', 503, login(10_000)],
  ];

  const costs: number[] = [];
  const figures: Figure[] = [];
  for (const [name, status, request] of kinds) {
    const load = (measureMilliseconds: number) =>
      generate({
        port: program.port,
        request,
        pace: { connections: run.quick ? 20 : CONNECTIONS },
        warmUpMilliseconds: 0,
        measureMilliseconds: run.quick ? measureMilliseconds / 20 : measureMilliseconds,
      });
    await load(1_000);
    const idle = await idleShare(program.pid, run.quick ? 50 : 500);
    const begunAt = performance.now();
    const before = cpuMilliseconds(program.pid);
    const answers = await load(2_000);
    const used = cpuMilliseconds(program.pid) - before - idle * (performance.now() - begunAt);
    // In a run that measures nothing it may be less than the noise.
    const microseconds = Math.max(1, used * 1000) / answers.length;
    const expected = answers.filter((answer) => answer.status === status).length / answers.length;
    if (expected < 0.9 && !run.quick)
      throw new Error(
        `only ${expected} of the answers were ${status}: ${JSON.stringify([...new Set(answers.map((answer) => answer.status))])}`,
      );
    costs.push(microseconds);
    const title = `${what}: ${name}`;
    const [verify = Number.NaN] = costs;
    figures.push(
      costs.length === 1
        ? measured(title, 'µs', [microseconds])
        : compared(title, 'µs', [microseconds], {
            reference: 'GET /verify',
            to: [verify],
            ...(status >= 429 && { target: { atMost: 1 } }),
          }),
    );
  }
  return figures;
}

/** What the thread does without any request, as a share of the time. */
async function idleShare(pid: number, milliseconds: number): Promise<number> {
  const before = cpuMilliseconds(pid);
  const begunAt = performance.now();
  await sleep(milliseconds);
  return (cpuMilliseconds(pid) - before) / (performance.now() - begunAt);
}
