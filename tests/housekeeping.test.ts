import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHousekeeping } from '../src/runtime/housekeeping.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { createLogSink } from './support/logs.ts';

const MINUTE_MILLISECONDS = 60_000;

describe('Housekeeping', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Two tasks, of which the first may be told to fail. */
  function aHousehold() {
    const logs = createLogSink();
    const runs = { first: 0, second: 0 };
    const faults: Error[] = [];
    const first = async () => {
      runs.first++;
      const fault = faults.shift();
      if (fault) throw fault;
    };
    const second = async () => {
      runs.second++;
    };
    const housekeeping = createHousekeeping([first, second], createLogger('info', logs));
    return { housekeeping, runs, faults, logs };
  }

  it('does every task once a minute, and nothing before it is started', async () => {
    const { housekeeping, runs } = aHousehold();
    await jest.advanceTimersByTimeAsync(10 * MINUTE_MILLISECONDS);
    expect(runs).toEqual({ first: 0, second: 0 });

    housekeeping.start();
    await jest.advanceTimersByTimeAsync(3 * MINUTE_MILLISECONDS);

    expect(runs).toEqual({ first: 3, second: 3 });
    housekeeping.stop();
  });

  it('logs a task that failed with its cause, does the others, and tries it again', async () => {
    const { housekeeping, runs, faults, logs } = aHousehold();
    faults.push(new Error('the table is away'));

    housekeeping.start();
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MILLISECONDS);

    housekeeping.stop();
    expect(runs).toEqual({ first: 2, second: 2 });
    expect(logs.entries()).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'a housekeeping task failed',
        err: expect.objectContaining({ message: 'the table is away' }),
      }),
    ]);
  });

  it('does nothing any more once it is stopped, and may be stopped without having been started', async () => {
    const { housekeeping, runs } = aHousehold();
    housekeeping.stop();
    housekeeping.start();
    await jest.advanceTimersByTimeAsync(MINUTE_MILLISECONDS);

    housekeeping.stop();
    await jest.advanceTimersByTimeAsync(10 * MINUTE_MILLISECONDS);

    expect(runs).toEqual({ first: 1, second: 1 });
  });
});
