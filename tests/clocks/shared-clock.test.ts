import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { createSharedClock } from '../../src/core/clock.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { onMysql } from '../support/databases.ts';
import { createTestDatabase } from '../support/test-database.ts';

/** A machine's clock, and a database whose answer takes a round trip. */
function createWorld(aheadMilliseconds: number) {
  let elapsed = 0;
  let ahead = aheadMilliseconds;
  const own = { now: () => 1_000_000 + elapsed + ahead, monotonic: () => 500 + elapsed };
  const world = {
    own,
    trueTime: () => 1_000_000 + elapsed,
    pass: (milliseconds: number) => {
      elapsed += milliseconds;
    },
    set: (milliseconds: number) => {
      ahead = milliseconds;
    },
    readIn: (there: number, back: number) => async () => {
      elapsed += there;
      const answer = 1_000_000 + elapsed;
      elapsed += back;
      return answer;
    },
  };
  return world;
}

describe('The clock that processes share', () => {
  it('shows the time of the database, and how far the host is from it', async () => {
    const world = createWorld(3_600_000);
    const clock = createSharedClock(world.own, world.readIn(5, 5));
    await clock.compare();

    world.pass(1_000);

    expect(clock.now()).toBe(world.trueTime());
    expect(clock.offsetMilliseconds()).toBe(3_600_000);
  });

  it('goes on evenly when the clock of the host is set, which shows at once as an offset', async () => {
    const world = createWorld(0);
    const clock = createSharedClock(world.own, world.readIn(5, 5));
    await clock.compare();

    world.set(-7_000);

    expect(clock.now()).toBe(world.trueTime());
    expect(clock.offsetMilliseconds()).toBe(-7_000);
  });

  it('keeps what it knows where a slow answer could mean it as well, and takes no more from one than it says', async () => {
    const world = createWorld(0);
    let read = world.readIn(5, 5);
    const clock = createSharedClock(world.own, () => read());
    await clock.compare();

    read = world.readIn(900, 100);
    await clock.compare();
    expect(clock.now()).toBe(world.trueTime());

    // The database's clock is set forward by a second.
    read = async () => (await world.readIn(100, 100)()) + 1_000;
    await clock.compare();
    expect(clock.now() - world.trueTime()).toBe(900);
  });

  it('keeps what it knows while the database gives no answer', async () => {
    const world = createWorld(60_000);
    let read = world.readIn(0, 0);
    const clock = createSharedClock(world.own, () => read());
    await clock.compare();

    read = async () => {
      throw new Error('away');
    };

    await expect(clock.compare()).rejects.toThrow('away');
    expect(clock.now()).toBe(world.trueTime());
  });

  it('is the clock of the host where the database has none of its own', async () => {
    const world = createWorld(60_000);
    const clock = createSharedClock(world.own, undefined);
    await clock.compare();

    expect(clock.now()).toBe(world.own.now());
    expect(clock.offsetMilliseconds()).toBe(0);
  });
});

onMysql(() => {
  it('The time of the database is read to the millisecond', async () => {
    const testDatabase = await createTestDatabase('MySQL');
    const database = await connectDatabase(loadConfig({ DATABASE_URL: testDatabase.url }).database);

    const before = Date.now();
    const time = (await database.readTime?.()) ?? 0;
    const after = Date.now();

    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThan(after + 1);
    await database.close();
    await testDatabase.drop();
  });
});
