import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/config.ts';
import { entryOf } from '../../src/core/audit/audit.ts';
import { OPERATOR } from '../../src/core/principal.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';

const DAY_MILLISECONDS = 86_400_000;

describe('AUDIT_RETENTION_DAYS', () => {
  it('is a year by default, and a day to ten years', () => {
    expect(loadConfig({}).audit.retentionDays).toBe(365);
    expect(loadConfig({ AUDIT_RETENTION_DAYS: '1' }).audit.retentionDays).toBe(1);
    expect(loadConfig({ AUDIT_RETENTION_DAYS: '3650' }).audit.retentionDays).toBe(3650);
    for (const AUDIT_RETENTION_DAYS of ['0', '3651', '-1', '1.5', 'year']) {
      expect(() => loadConfig({ AUDIT_RETENTION_DAYS })).toThrow(
        /AUDIT_RETENTION_DAYS is "[^"]+": days from 1 to 3650/,
      );
    }
  });
});

onEachDatabase((kind) => {
  describe('The audit log', () => {
    const app = useApp(kind, { AUDIT_RETENTION_DAYS: '7' });

    afterEach(() => {
      jest.useRealTimers();
    });

    it('forgets what is older than AUDIT_RETENTION_DAYS by itself, and nothing else', async () => {
      const subject = uuidv7();
      const oldest = app.clock.now() - 7 * DAY_MILLISECONDS;
      for (const at of [oldest - DAY_MILLISECONDS, oldest - 1, oldest, app.clock.now()]) {
        await app.store.audit.append(entryOf('user.unlocked', OPERATOR, subject, { at }), new Date(at));
      }
      const times = async () =>
        (await app.store.audit.list({ subjectId: subject }, 10, undefined)).map(({ details }) => details.at);
      // Only what ticks is sped up; the database needs its own timers.
      jest.useFakeTimers({
        doNotFake: [
          'Date',
          'hrtime',
          'nextTick',
          'performance',
          'queueMicrotask',
          'setImmediate',
          'clearImmediate',
          'setTimeout',
          'clearTimeout',
        ],
      });
      app.start();

      jest.advanceTimersByTime(59_999);
      expect(await times()).toHaveLength(4);
      jest.advanceTimersByTime(1);
      while ((await times()).length > 2);

      expect(await times()).toEqual([app.clock.now(), oldest]);
    });

    it('cannot be changed through its port', () => {
      expect(Object.keys(app.store.audit).sort()).toEqual([
        'append',
        'appendMany',
        'list',
        'listAbout',
        'prune',
      ]);
    });
  });
});
