import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from './benchmark.ts';
import { compared, type Figure } from './figures.ts';
import { createTraffic, startGenerator } from './generator.ts';
import type { Mysql } from './mysql.ts';
import { latenciesMilliseconds, requireStatus } from './outcomes.ts';
import { startLatchkey } from './programs.ts';
import { latchkey } from './services.ts';
import { quantile } from './statistics.ts';

const VERIFICATIONS_PER_SECOND = 200;
const REVOCATIONS_PER_SECOND = 100;
const TICK_MILLISECONDS = 10;
/** As long as a follower expects a row to come late. */
const RECENT_SECONDS = 120;
/** Of a cluster of three, each node of which counts in steps of three. */
const ID_STEP = 3;
const AN_HOUR_MILLISECONDS = 3_600_000;

/** GET /verify while sessions end in other processes, in a table whose ids have the gaps of a cluster. */
export async function besideRevocations(run: Run, mysql: Mysql): Promise<Figure[]> {
  const url = await mysql.createDatabase('revocations');
  const program = await startLatchkey(run, { DATABASE_URL: url, MIGRATE_ON_START: 'true', BCRYPT_COST: '4' });
  const { template } = (await latchkey(program, 1)).verify();
  const verifications = createTraffic(startGenerator(run), program, template);
  const p99 = async () => {
    const outcomes = await verifications({
      pace: { perSecond: VERIFICATIONS_PER_SECOND },
      warmUpMilliseconds: run.quick ? 50 : 1_000,
      measureMilliseconds: run.quick ? 100 : 10_000,
    });
    return quantile(latenciesMilliseconds(requireStatus(outcomes, 200)), 0.99);
  };
  const before = await p99();

  const table = `${new URL(url).pathname.slice(1)}.revocations`;
  await mysql.administrator.query(`SET SESSION auto_increment_increment = ${ID_STEP}`);
  const revoke = async (count: number) => {
    const at = new Date();
    const rows = Array.from({ length: count }, () => [
      'session',
      randomUUID(),
      new Date(at.getTime() + AN_HOUR_MILLISECONDS),
      at,
    ]);
    await mysql.administrator.query(
      `INSERT INTO ${table} (kind, subject_id, expires_at, created_at) VALUES ?`,
      [rows],
    );
  };
  for (let second = 0; second < (run.quick ? 1 : RECENT_SECONDS); second++)
    await revoke(REVOCATIONS_PER_SECOND);
  let isOver = false;
  const revoking = (async () => {
    while (!isOver) {
      const pause = sleep(TICK_MILLISECONDS);
      await revoke((REVOCATIONS_PER_SECOND * TICK_MILLISECONDS) / 1000);
      await pause;
    }
  })();
  const beside = await p99();
  isOver = true;
  await revoking;

  const name = `${REVOCATIONS_PER_SECOND} revocations a second: p99 of GET /verify, ${VERIFICATIONS_PER_SECOND} a second`;
  const reference = { reference: 'without revocations', to: [before], target: { atMost: 3 } };
  return [compared(name, 'ms', [beside], reference)];
}
