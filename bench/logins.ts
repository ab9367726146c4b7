import { availableParallelism } from 'node:os';
import { startBcryptLoop } from './support/bcrypt-loop.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createTraffic, startGenerator } from './support/generator.ts';
import { watchMemory } from './support/memory.ts';
import { answersPerSecond, requireStatus } from './support/outcomes.ts';
import { OVERLOAD_FACTOR, overload, VERIFICATIONS_PER_SECOND } from './support/overload.ts';
import { startLatchkey } from './support/programs.ts';
import { latchkey } from './support/services.ts';
import { quantile } from './support/statistics.ts';

const WORKERS = availableParallelism();
/** Several, since a person with a hundred sessions loses the oldest at each login. */
const PEOPLE = 12;
/** One at work and one waiting for each hash thread: too few for a refusal. */
const LOGIN_CONNECTIONS = 2 * WORKERS;

await runBenchmark('logins', measure);

/** Logins at full speed against bcrypt alone, and then twenty times as many as that. */
async function measure(run: Run): Promise<Figure[]> {
  const cost = run.quick ? 6 : 12;
  const program = await startLatchkey(run, {
    BCRYPT_COST: String(cost),
    HASH_WORKERS: String(WORKERS),
  });
  const service = await latchkey(program, PEOPLE);
  const bareLoop = startBcryptLoop(run, { threads: WORKERS, cost });
  const logins = createTraffic(startGenerator(run), program, service.login().template);
  const verifications = createTraffic(startGenerator(run), program, service.verify().template);
  const memory = watchMemory(run, program.pid);

  const bareRates: number[] = [];
  const peaks: number[] = [];
  const overloads: Awaited<ReturnType<typeof overload>>[] = [];
  for (let round = 0; round < (run.quick ? 1 : 3); round++) {
    bareRates.push(await bareLoop(run.quick ? 200 : 3_000));
    const outcomes = await logins({
      pace: { connections: LOGIN_CONNECTIONS },
      warmUpMilliseconds: run.quick ? 50 : 1_000,
      measureMilliseconds: run.quick ? 200 : 4_000,
    });
    peaks.push(answersPerSecond(requireStatus(outcomes, 200), WORKERS));
    overloads.push(await overload(run, { logins, verifications, memory, peak: peaks[0] ?? Number.NaN }));
  }

  type Overload = (typeof overloads)[number];
  const each = (figure: (round: Overload) => number) => overloads.map(figure);
  /** Too few logins fit into one round for a percentile of their own. */
  const p99 = (latencies: (round: Overload) => readonly number[]) => [
    quantile(overloads.flatMap(latencies), 0.99),
  ];
  const unit = 'per second';
  const capacity = { reference: 'capacity', to: peaks };
  const withoutLogins = (figure: (round: Overload) => number) => ({
    reference: 'without logins',
    to: each(figure),
  });
  const at20 = `logins at ${OVERLOAD_FACTOR} × capacity`;
  const memoryOf = (round: Overload | undefined) => [round?.megabytes ?? Number.NaN];

  return [
    measured(`bcrypt alone, cost ${cost}, ${WORKERS} threads`, unit, bareRates),
    compared('POST /login, as many as it takes', unit, peaks, {
      reference: 'bcrypt alone',
      to: bareRates,
      target: { atLeast: 0.95 },
    }),
    compared(
      `${at20}: served`,
      unit,
      each(({ goodput }) => goodput),
      { ...capacity, target: { atLeast: 0.9 } },
    ),
    measured(
      `${at20}: p99 of the served`,
      'ms',
      p99(({ served }) => served),
      { atMost: 2_500 },
    ),
    measured(
      `${at20}: p99 of the refused`,
      'ms',
      p99(({ refused }) => refused),
      // Held back for a second where they are many.
      { atMost: 1_100 },
    ),
    compared(
      `${at20}: GET /verify at full speed`,
      unit,
      each(({ full }) => full.perSecond),
      { ...withoutLogins(({ idleFull }) => idleFull.perSecond), target: { atLeast: 0.85 } },
    ),
    compared(
      `${at20}: p99 of GET /verify at full speed`,
      'ms',
      each(({ full }) => full.p99Milliseconds),
      { ...withoutLogins(({ idleFull }) => idleFull.p99Milliseconds), target: { atMost: 3 } },
    ),
    compared(
      `${at20}: p99 of GET /verify, ${VERIFICATIONS_PER_SECOND} a second`,
      'ms',
      each(({ steady }) => steady.p99Milliseconds),
      { ...withoutLogins(({ idleSteady }) => idleSteady.p99Milliseconds), target: { atMost: 3 } },
    ),
    compared(
      `${at20}: served beside GET /verify at full speed`,
      unit,
      each(({ goodputBesideFull }) => goodputBesideFull),
      capacity,
    ),
    compared(`${at20}: memory of the process, last round`, 'MB', memoryOf(overloads.at(-1)), {
      reference: 'first round',
      to: memoryOf(overloads[0]),
      target: { atMost: 1.1 },
    }),
  ];
}
