import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createRevocationLog } from '../../src/revocations/log.ts';
import { revocationOf } from '../../src/sessions/ending.ts';
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

  it('wakes nobody for what it has read before', () => {
    const { clock, log, wait, revoke } = setUp();
    revoke();
    clock.advanceSeconds(1);
    void wait();

    const [entry] = log.since({ settled: 0, highest: 0, checksum: 0 })?.events ?? [];
    log.append(entry === undefined ? [] : [entry], 1);

    expect(log.waiting()).toBe(FOLLOWERS);
    log.release();
  });

  it('lets nobody wait once it is released', async () => {
    const { log, wait } = setUp();
    const before = wait();

    log.release();
    await Promise.all([...before, ...wait()]);

    expect(log.waiting()).toBe(0);
  });

  it('counts as followed for a minute after somebody has asked', () => {
    const { clock, log } = setUp();
    expect(log.isFollowed()).toBe(false);

    log.since({ settled: 0, highest: 0, checksum: 0 });
    clock.advanceSeconds(59);
    expect(log.isFollowed()).toBe(true);
    clock.advanceSeconds(1);

    expect(log.isFollowed()).toBe(false);
  });
});
