import { describe, expect, it } from '@jest/globals';
import type { KeyUse } from '../../src/core/tokens/key-usage.store.ts';
import { createKeyUsage } from '../../src/core/tokens/key-usage.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createTestClock } from '../support/app.ts';
import { createLogSink } from '../support/logs.ts';

const KEY = secretKey('the secret of these tests, which signs nothing else');

/** The use of keys, with what it records; `meanwhile` happens while it does so. */
function aKeyUsage(meanwhile: () => void = () => {}) {
  const clock = createTestClock();
  const recorded: KeyUse[] = [];
  const record = async (use: KeyUse) => {
    meanwhile();
    recorded.push(use);
  };
  const usage = createKeyUsage([KEY], { record }, clock, createLogger('info', createLogSink()));
  return { clock, recorded, ...usage };
}

describe('The use of keys', () => {
  it('is written down once, and not again before a key is used again', async () => {
    const { note, flush, recorded, clock } = aKeyUsage();
    note(KEY.kid, 'signed');
    await flush();
    await flush();
    clock.advanceSeconds(60);
    note(KEY.kid, 'seen');
    await flush();

    const at = new Date(clock.now());
    expect(recorded).toMatchObject([
      { kid: KEY.kid, lastSignedAt: new Date(at.getTime() - 60_000), lastSeenAt: null },
      { kid: KEY.kid, lastSignedAt: null, lastSeenAt: at },
    ]);
  });

  it('is kept for the next time where it could not be written down, or came meanwhile', async () => {
    let isAway = true;
    const usage = aKeyUsage(() => {
      if (isAway) throw new Error('the database is away');
      if (usage.recorded.length === 0) usage.note(KEY.kid, 'seen');
    });
    usage.note(KEY.kid, 'signed');
    await usage.flush();
    isAway = false;
    await usage.flush();
    await usage.flush();

    const at = new Date(usage.clock.now());
    expect(usage.recorded).toMatchObject([
      { lastSignedAt: at, lastSeenAt: null },
      { lastSignedAt: at, lastSeenAt: at },
    ]);
  });
});
