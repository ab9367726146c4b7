import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Result } from '../../bench/support/benchmark.ts';
import { onMysql } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { onChromium } from '../support/interop.ts';
import { onRedis } from '../support/redis.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MILLISECONDS = 90_000;

const hasPeers = existsSync(join(CHECKOUT, 'bench/node_modules/better-auth'));
if (!hasPeers && process.env.REQUIRE_BENCH !== '1') {
  process.stderr.write(
    '\n*** NO PEERS: the benchmarks against better-auth are not tried: npm --prefix bench ci ***\n',
  );
}

/** What a benchmark measures is never looked at here: a test run is too noisy for that. */
describe('A benchmark runs and writes its figures', () => {
  const newDirectory = useDirectories();

  async function runQuickly(name: string): Promise<Result> {
    const out = join(newDirectory(), 'result.json');
    const args = ['--import', 'tsx', `bench/${name}.ts`, '--quick', '--out', out];
    await promisify(execFile)(process.execPath, args, { cwd: CHECKOUT });
    return JSON.parse(readFileSync(out, 'utf8')) as Result;
  }

  function expectFigures({ benchmark, figures, machine }: Result, name: string): void {
    expect(benchmark).toBe(name);
    expect(machine.cores).toBeGreaterThan(0);
    expect(figures.length).toBeGreaterThan(2);
    expect(figures.filter(({ value, ratio = 1 }) => !(value > 0 && ratio > 0))).toEqual([]);
  }

  it.each(['startup', 'verify', 'pipeline', 'verifier', 'logins', 'flood', 'revocations', 'otp'])(
    '%s',
    async (name) => expectFigures(await runQuickly(name), name),
    TIMEOUT_MILLISECONDS,
  );

  const itWithPeers = hasPeers || process.env.REQUIRE_BENCH === '1' ? it : it.skip;

  itWithPeers(
    'clients',
    async () => expectFigures(await runQuickly('clients'), 'clients'),
    TIMEOUT_MILLISECONDS,
  );

  onChromium(() => {
    it(
      'first-paint',
      async () => expectFigures(await runQuickly('first-paint'), 'first-paint'),
      TIMEOUT_MILLISECONDS,
    );
  });

  onMysql(() => {
    it.each(['million-users', 'import', 'feed'])(
      '%s',
      async (name) => expectFigures(await runQuickly(name), name),
      TIMEOUT_MILLISECONDS,
    );

    itWithPeers(
      'better-auth',
      async () => expectFigures(await runQuickly('better-auth'), 'better-auth'),
      TIMEOUT_MILLISECONDS,
    );

    onRedis(() => {
      itWithPeers(
        'cookies',
        async () => expectFigures(await runQuickly('cookies'), 'cookies'),
        TIMEOUT_MILLISECONDS,
      );
    });
  });
});
