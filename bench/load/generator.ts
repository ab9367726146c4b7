import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, nowMilliseconds, type Outcome } from './load.ts';
import { keepPace } from './paces.ts';
import { createPool } from './pool.ts';
import { createRequests } from './requests.ts';

/** Requests that are open at the end get this long to be answered. */
const GRACE_MILLISECONDS = 15_000;
const GRACE_CHECK_MILLISECONDS = 10;

/** Runs one load to its end and answers with what came of each request that was due after the warm-up. */
async function runLoad({ port, request, pace, ...load }: Load): Promise<Outcome[]> {
  const measuredFrom = nowMilliseconds() + load.warmUpMilliseconds;
  const endsAt = measuredFrom + load.measureMilliseconds;
  const pool = createPool(port);
  const nextRequest = createRequests(request);
  const outcomes: Outcome[] = [];
  const open = new Set<{ readonly dueAt: number }>();

  await keepPace(pace, endsAt, (dueAt, answered) => {
    const sent = { dueAt };
    open.add(sent);
    pool.exchange(nextRequest(), (status) => {
      // What was given up below has its outcome already.
      if (open.delete(sent)) outcomes.push({ status, dueAt, endedAt: nowMilliseconds() });
      answered();
    });
  });

  const givenUpAt = endsAt + GRACE_MILLISECONDS;
  while (open.size > 0 && nowMilliseconds() < givenUpAt) await sleep(GRACE_CHECK_MILLISECONDS);
  for (const { dueAt } of open) outcomes.push({ status: 0, dueAt, endedAt: nowMilliseconds() });
  open.clear();
  pool.close();
  return outcomes.filter(({ dueAt }) => dueAt >= measuredFrom);
}

// A process of its own, so that neither the server nor the benchmark makes it late.
process.on('message', async (load: Load) => {
  const outcomes = await runLoad(load);
  process.send?.(outcomes);
});
process.on('disconnect', () => process.exit());
