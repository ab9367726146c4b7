import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createRevocationLog } from '../../src/core/revocation/log.ts';
import { revocationOf } from '../../src/core/sessions/ending.ts';
import { createTestClock } from '../support/app.ts';

const FOLLOWERS = 200;
const MINUTE_MILLISECONDS = 60_000;

describe('The log of revocations', () => {
  function setUp() {
    const clock = createTestClock();
    const log = createRevocationLog(clock);
    let position = 0;
    return {
      clock,
      log,
      wait: () =>
        Array.from({ length: FOLLOWERS }, () =>
          log.nextAppend(MINUTE_MILLISECONDS, new AbortController().signal),
        ),
      revoke() {
        const createdAt = new Date(clock.now());
        position += 1;
        const revocation = revocationOf('session', randomUUID(), null, createdAt);
        log.append([{ ...revocation, position, createdAt }], position);
      },
    };
  }

  it('wakes all who wait at once, and after that lets the process have some time for others', async () => {
    const { log, wait, revoke } = setUp();
    const first = wait();
    revoke();
    expect(log.waiting()).toBe(0);
    await Promise.all(first);

    const second = wait();
    revoke();
    revoke();
    expect(log.waiting()).toBe(FOLLOWERS);
    await Promise.all(second);

    expect(log.waiting()).toBe(0);
  });

  it('wakes no follower for what it has read before', () => {
    const { clock, log, wait, revoke } = setUp();
    revoke();
    clock.advanceSeconds(1);
    void wait();

    const [entry] = log.since({ settled: 0, highest: 0, checksum: 0 })?.events ?? [];
    log.append(entry === undefined ? [] : [entry], 1);

    expect(log.waiting()).toBe(FOLLOWERS);
    log.release();
  });

  it('lets no follower wait once it is released', async () => {
    const { log, wait } = setUp();
    const before = wait();

    log.release();
    await Promise.all([...before, ...wait()]);

    expect(log.waiting()).toBe(0);
  });

  it('gives a follower what has come late alone, however much is not settled yet', () => {
    const { clock, log } = setUp();
    const createdAt = new Date(clock.now());
    const at = (position: number) => ({
      ...revocationOf('session', String(position), null, createdAt),
      position,
      createdAt,
    });
    // As three nodes of a cluster give positions out, of which one writes.
    const gaps = Array.from({ length: 2000 }, (_, index) => at(3 * index + 1));
    log.append(gaps, 1);
    const followed = log.since({ settled: 0, highest: 0, checksum: 0 });

    log.append([at(5000), at(6001)], 1);
    log.append([at(4001), at(5999)], 1);
    const first = log.since(followed?.next ?? { settled: 0, highest: 0, checksum: 0 });
    log.append([at(3002)], 1);
    const second = log.since(first?.next ?? { settled: 0, highest: 0, checksum: 0 });
    const fromAnother = log.since({ settled: 1, highest: 5998, checksum: 1 });

    expect(followed?.events).toHaveLength(2000);
    expect(first?.events.map(({ position }) => position)).toEqual([4001, 5000, 5999, 6001]);
    expect(second?.events.map(({ position }) => position)).toEqual([3002]);
    expect(fromAnother?.events).toHaveLength(2004);
  });

  it('counts as followed for a minute after a follower has asked', () => {
    const { clock, log } = setUp();
    expect(log.isFollowed()).toBe(false);

    log.since({ settled: 0, highest: 0, checksum: 0 });
    clock.advanceSeconds(59);
    expect(log.isFollowed()).toBe(true);
    clock.advanceSeconds(1);

    expect(log.isFollowed()).toBe(false);
  });
});
