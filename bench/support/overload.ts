import { setTimeout as sleep } from 'node:timers/promises';
import { nowMilliseconds, type Outcome, type Pace } from '../load/load.ts';
import type { Run } from './benchmark.ts';
import type { Traffic } from './generator.ts';
import type { MemorySample } from './memory.ts';
import { answersPerSecond, latenciesMilliseconds, requireStatus } from './outcomes.ts';
import { median, quantile } from './statistics.ts';

export const OVERLOAD_FACTOR = 20;
/** A queue that is allowed to get 2 s long is full after that. */
const FILLING_MILLISECONDS = 2_500;
const STEADY_MILLISECONDS = 6_000;
const FULL_MILLISECONDS = 3_000;
export const VERIFICATIONS_PER_SECOND = 200;
const VERIFICATION_CONNECTIONS = 16;
/** In a run that measures nothing the machine may be busy with other things. */
const QUICK_LOGINS_PER_SECOND = 100;
const QUICK_SPEEDUP = 20;

export interface OverloadOptions {
  readonly logins: Traffic;
  readonly verifications: Traffic;
  readonly memory: readonly MemorySample[];
  /** Logins a second that the service can serve. */
  readonly peak: number;
}

/**
 * GET /verify without logins, then under a storm of them. On a machine whose every core hashes, verification at full
 * speed takes from the logins what it needs, as it should; so the logins are counted beside a steady trickle of
 * verifications first, and beside verification at full speed after that.
 */
export async function overload(run: Run, { logins, verifications, memory, peak }: OverloadOptions) {
  const milliseconds = (full: number) => (run.quick ? full / QUICK_SPEEDUP : full);
  const verifying = async (pace: Pace, measureMilliseconds: number) => {
    const outcomes = await verifications({
      pace,
      warmUpMilliseconds: milliseconds(300),
      measureMilliseconds: milliseconds(measureMilliseconds),
    });
    return {
      perSecond: answersPerSecond(requireStatus(outcomes, 200)),
      p99Milliseconds: quantile(latenciesMilliseconds(outcomes), 0.99),
    };
  };
  const steadily = () => verifying({ perSecond: VERIFICATIONS_PER_SECOND }, STEADY_MILLISECONDS);
  const fully = (measureMilliseconds: number) =>
    verifying({ connections: run.quick ? 1 : VERIFICATION_CONNECTIONS }, measureMilliseconds);

  const idleFull = await fully(FULL_MILLISECONDS);
  const idleSteady = await steadily();

  const perSecond = run.quick ? QUICK_LOGINS_PER_SECOND : OVERLOAD_FACTOR * peak;
  const storm = logins({
    pace: { perSecond },
    warmUpMilliseconds: 0,
    measureMilliseconds: milliseconds(
      2 * FILLING_MILLISECONDS + STEADY_MILLISECONDS + FULL_MILLISECONDS + 1_000,
    ),
  });
  await sleep(milliseconds(FILLING_MILLISECONDS));
  const steadyFrom = nowMilliseconds();
  const steady = await steadily();
  const steadyUntil = nowMilliseconds();
  // Logins that arrived last are served before verification takes the CPU it needs.
  await sleep(milliseconds(FILLING_MILLISECONDS));
  const fullFrom = nowMilliseconds();
  const full = await fully(FULL_MILLISECONDS);
  const fullUntil = nowMilliseconds();

  const outcomes = await storm;
  const dueSteadily = outcomes.filter(({ dueAt }) => dueAt >= steadyFrom && dueAt < steadyUntil);
  const samples = memory.filter(({ at }) => at >= steadyFrom && at < fullUntil);
  return {
    idleFull,
    idleSteady,
    steady,
    full,
    goodput: servedPerSecond(outcomes, steadyFrom, steadyUntil),
    goodputBesideFull: servedPerSecond(outcomes, fullFrom, fullUntil),
    served: latenciesMilliseconds(dueSteadily.filter(({ status }) => status === 200 || status === 0)),
    refused: refusals(dueSteadily),
    megabytes: median(samples.map(({ megabytes }) => megabytes)),
  };
}

function servedPerSecond(outcomes: readonly Outcome[], from: number, to: number): number {
  const served = outcomes.filter(({ status, endedAt }) => status === 200 && endedAt >= from && endedAt < to);
  return (served.length * 1000) / (to - from);
}

/** A request without an answer waited at least as long as the run. Where none is refused, that is all of them. */
function refusals(outcomes: readonly Outcome[]): number[] {
  const refused = outcomes.filter(({ status }) => status !== 200);
  return latenciesMilliseconds(refused.length === 0 ? outcomes : refused);
}
