import { describe, expect, it } from '@jest/globals';
import type { LoginFailures } from '../../src/accounts/ports.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const DAY_MILLISECONDS = 86_400_000;

onEachDatabase((kind) => {
  describe('The store of wrong passwords', () => {
    const app = useApp(kind);
    const at = (secondsAgo: number) => new Date(app.clock.now() - secondsAgo * 1000);

    function failures(account: string, device: string, count: number, secondsAgo: number): LoginFailures {
      const failedAt = at(secondsAgo);
      const none = { usernameFailures: 0, usernameFailedAt: null };
      return {
        account,
        device,
        failures: count,
        failedAt,
        emailFailures: count,
        emailFailedAt: failedAt,
        ...none,
      };
    }

    it('gives back the delay with the failure, or a try that was not compared would begin it anew', async () => {
      const { loginFailures } = app.store;
      const before = failures('taken back', '', 8, 600);
      const counted = { ...before, failures: 9, emailFailures: 9, emailFailedAt: at(0) };
      await loginFailures.replace(null, counted);

      await loginFailures.takeBack(counted, before, 'email');

      expect(await loginFailures.find('taken back', '')).toMatchObject({
        failures: 8,
        emailFailures: 8,
        emailFailedAt: before.emailFailedAt,
      });
    });

    it('keeps the delay of a failure that came after the one that is taken back', async () => {
      const { loginFailures } = app.store;
      const before = failures('overtaken', '', 8, 600);
      const counted = { ...before, failures: 9, emailFailures: 9, emailFailedAt: at(5) };
      const later = { ...counted, failures: 10, emailFailures: 10, emailFailedAt: at(1) };
      await loginFailures.replace(null, later);

      await loginFailures.takeBack(counted, before, 'email');

      expect(await loginFailures.find('overtaken', '')).toMatchObject({
        failures: 9,
        emailFailures: 9,
        emailFailedAt: later.emailFailedAt,
      });
    });

    it('takes nothing back where the right password has cleared the count meanwhile', async () => {
      const { loginFailures } = app.store;
      const counted = failures('cleared', '', 1, 0);

      await loginFailures.takeBack(counted, null, 'email');

      expect(await loginFailures.find('cleared', '')).toBeNull();
    });

    it('forgets the failures of sessions that have ended, and keeps those of live ones and of known devices', async () => {
      const { loginFailures } = app.store;
      const live = await signUp(app);
      const ended = await signUp(app);
      await app.post('/logout').auth(ended.token, { type: 'bearer' }).expect(204);
      const twoDaysAgo = 2 * 86_400;
      const rows = [
        failures(live.id, `session:${live.sessionId}`, 3, twoDaysAgo),
        failures(live.id, 'device:known', 3, twoDaysAgo),
        failures(ended.id, `session:${ended.sessionId}`, 3, twoDaysAgo),
      ];
      for (const row of rows) await loginFailures.replace(null, row);

      await loginFailures.prune(new Date(app.clock.now() - DAY_MILLISECONDS));

      const left = await Promise.all(rows.map(({ account, device }) => loginFailures.find(account, device)));
      expect(left.map((row) => row?.device)).toEqual([
        `session:${live.sessionId}`,
        'device:known',
        undefined,
      ]);
    });
  });
});
