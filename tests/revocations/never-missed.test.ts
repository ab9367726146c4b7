import { describe, expect, it } from '@jest/globals';
import { createRevocationSet } from '@latchkey/verifier/core';
import fc from 'fast-check';
import { AppError } from '../../src/core/errors.ts';
import { createRevocationFollower } from '../../src/core/revocation/follower.ts';
import { createRevocationLog } from '../../src/core/revocation/log.ts';
import type { RecordedRevocation } from '../../src/core/revocation/revocation.ts';
import { revocationOf } from '../../src/core/sessions/ending.ts';
import { parseCursor } from '../../src/features/revocations/cursor.ts';
import { createFeed } from '../../src/features/revocations/feed.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createTestClock } from '../support/app.ts';
import { times } from '../support/extent.ts';

const RUNS = times(150, 2_000);
const MAX_STEPS = 80;
/** A transaction lives no longer. */
const TRANSACTION_SECONDS = 60;

const LOGGER = createLogger('silent');

type Clock = ReturnType<typeof createTestClock>;

/** What happens, in any order: to the database, to one of two processes, or by the follower at one of them. */
type Step =
  | { readonly does: 'insert' | 'commit' | 'rollback'; readonly which: number }
  | { readonly does: 'wait'; readonly seconds: number }
  | { readonly does: 'poll' | 'restart' | 'ask'; readonly at: 0 | 1 };

const which = fc.nat(5);
const at = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('insert' as const), which }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('commit' as const), which }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('rollback' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const), seconds: fc.constant(1_900) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('poll' as const), at }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart' as const), at }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('ask' as const), at }) },
);

/** As an InnoDB table: positions are given out at insert, and rows appear at commit, to everybody at once. */
function createTable(clock: Clock) {
  let position = 0;
  const pending: { readonly row: RecordedRevocation; readonly begunAt: number }[] = [];
  const visible: RecordedRevocation[] = [];
  const take = (index: number) => pending.splice(index % pending.length, 1)[0]?.row;
  const commit = (index: number) => {
    const row = pending.length > 0 ? take(index) : undefined;
    if (row !== undefined) visible.push(row);
  };
  const list = (after: number, upTo: number, limit: number) =>
    visible
      .filter((row) => row.position > after && row.position <= upTo)
      .sort((a, b) => a.position - b.position)
      .slice(0, limit);
  return {
    visible,
    insert() {
      position += 1;
      const createdAt = new Date(clock.now());
      const row = { ...revocationOf('session', String(position), null, createdAt), position, createdAt };
      pending.push({ row, begunAt: clock.now() });
    },
    commit,
    rollback: (index: number) => void (pending.length > 0 && take(index)),
    /** What has been open for too long ends, one way or the other. */
    endOld() {
      const isOld = () => clock.now() - (pending[0]?.begunAt ?? clock.now()) >= TRANSACTION_SECONDS * 1000;
      while (isOld()) commit(0);
    },
    list: async (after: number, upTo: number, limit: number) => list(after, upTo, limit),
    countAbove: async (positions: readonly number[], upTo: number) =>
      positions.map((after) => list(after, upTo, visible.length).length),
    listLiveAfter: async (after: number, limit: number) => list(after, Number.MAX_SAFE_INTEGER, limit),
  };
}

/** A process of the service with all that its feed is made of. */
function startProcess(table: ReturnType<typeof createTable>, clock: Clock) {
  const log = createRevocationLog(clock);
  const revocations = { ...table, insert: async () => {}, prune: async () => {} };
  const follower = createRevocationFollower({
    stores: { revocations, sessions: {} as never },
    table,
    revocations: createRevocationSet(),
    clock,
    logger: LOGGER,
    maxLagSeconds: 1e9,
    onRead: log.append,
  });
  return { follower, feed: createFeed({ store: { revocations }, log, follower, clock }) };
}

describe('Whatever order transactions, processes and a follower come in,', () => {
  it('the follower is told of every revocation, and of nothing over and over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: MAX_STEPS }), at, async (steps, last) => {
        const clock = createTestClock();
        const table = createTable(clock);
        const processes = [startProcess(table, clock), startProcess(table, clock)];
        for (const { follower } of processes) await follower.catchUp();
        const known = new Set<string>();
        let cursor: string | undefined;

        async function ask(index: number): Promise<number> {
          const { signal } = new AbortController();
          try {
            const parsed = cursor === undefined ? undefined : parseCursor(cursor);
            const page = await processes[index]?.feed.read(parsed, 0, signal);
            for (const { subjectId } of page?.events ?? []) known.add(subjectId);
            cursor = page?.cursor;
            return page?.events.length ?? 0;
          } catch (error) {
            if (!(error instanceof AppError) || error.code !== 'cursor_too_old') throw error;
            cursor = undefined;
            return -1;
          }
        }

        for (const next of steps) {
          if (next.does === 'insert') table.insert();
          else if (next.does === 'commit') table.commit(next.which);
          else if (next.does === 'rollback') table.rollback(next.which);
          else if (next.does === 'ask') await ask(next.at);
          else if (next.does === 'poll') await processes[next.at]?.follower.catchUp();
          else if (next.does === 'restart') {
            processes[next.at] = startProcess(table, clock);
            await processes[next.at]?.follower.catchUp();
          } else if (next.does === 'wait') {
            // Processes read twice a second; what matters is that they have before anything is old.
            for (let left = next.seconds; left > 0; left -= 30) {
              clock.advanceSeconds(Math.min(left, 30));
              table.endOld();
              for (const { follower } of processes) await follower.catchUp();
            }
          }
        }
        for (const { follower } of processes) await follower.catchUp();
        const answers: number[] = [];
        for (let round = 0; round < 5; round++) answers.push(await ask(last));

        expect(table.visible.filter(({ subjectId }) => !known.has(subjectId))).toEqual([]);
        expect(answers.slice(3)).toEqual([0, 0]);
      }),
      { numRuns: RUNS },
    );
  });
});
