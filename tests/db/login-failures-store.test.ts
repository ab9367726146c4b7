import { describe, expect, it } from '@jest/globals';
import type { FailureKeys } from '../../src/core/sign-in/failure-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const A_DAY_SECONDS = 86_400;
const RULE = { freeFailures: 3, forgetSeconds: A_DAY_SECONDS, maxDelaySeconds: 900 };

onEachDatabase((kind) => {
  describe('The store of wrong passwords', () => {
    const app = useApp(kind);
    const at = (seconds: number) => new Date(app.clock.now() + seconds * 1000);
    let keys = 0;

    /** The identifier delays and the account locks, as for devices that no account knows. */
    function strangers(): FailureKeys {
      keys++;
      return {
        delay: { account: `identifier:${keys}`, device: '' },
        lock: { account: `nobody:${keys}`, device: '' },
      };
    }

    const rowOf = ({ account, device }: FailureKeys['delay']) =>
      app.store.loginFailures.find(account, device);

    it('counts for what delays and for what locks at once', async () => {
      const { loginFailures } = app.store;
      const byEmail = strangers();
      const byUsername = { ...strangers(), lock: byEmail.lock };

      expect(await loginFailures.count(byEmail, at(0), RULE)).toEqual({ recentFailures: 1, failures: 1 });
      expect(await loginFailures.count(byUsername, at(0), RULE)).toEqual({ recentFailures: 1, failures: 2 });
      expect(await loginFailures.count(byEmail, at(0), RULE)).toEqual({ recentFailures: 2, failures: 3 });
    });

    it('counts for a known device in one row', async () => {
      const key = { account: 'an account', device: 'device:one' };

      for (const failures of [1, 2, 3]) {
        expect(await app.store.loginFailures.count({ delay: key, lock: key }, at(0), RULE)).toEqual({
          recentFailures: failures,
          failures,
        });
      }
    });

    it('counts nothing while the next try has to wait, for 1, 2, 4 ... 900 seconds', async () => {
      const { loginFailures } = app.store;
      const those = strangers();
      for (let time = 0; time < 3; time++) await loginFailures.count(those, at(0), RULE);
      let seconds = 0;

      for (const delay of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
        expect(await loginFailures.count(those, at(seconds + delay - 0.001), RULE)).toBeNull();
        seconds += delay;
        expect(await loginFailures.count(those, at(seconds), RULE)).not.toBeNull();
      }

      expect(await rowOf(those.lock)).toMatchObject({ failures: 15 });
    });

    it('admits as many of many at once as are free', async () => {
      const those = strangers();

      const counted = await Promise.all(
        Array.from({ length: 30 }, () => app.store.loginFailures.count(those, at(0), RULE)),
      );

      expect(counted.filter((count) => count !== null)).toHaveLength(3);
      expect(await rowOf(those.lock)).toMatchObject({ failures: 3 });
    });

    it('forgets what delays a day after the last failure, and never what locks', async () => {
      const { loginFailures } = app.store;
      const those = strangers();
      for (let time = 0; time < 3; time++) await loginFailures.count(those, at(0), RULE);

      expect(await loginFailures.count(those, at(A_DAY_SECONDS + 1), RULE)).toEqual({
        recentFailures: 1,
        failures: 4,
      });
    });

    it('gives back the delay with the failure, or a try that was not compared would begin it anew', async () => {
      const { loginFailures } = app.store;
      const those = strangers();
      for (const seconds of [0, 0, 0, 10]) await loginFailures.count(those, at(seconds), RULE);

      await loginFailures.takeBack(those, at(10));

      expect(await rowOf(those.delay)).toMatchObject({ recentFailures: 3, failedAt: at(0) });
      expect(await rowOf(those.lock)).toMatchObject({ failures: 3, failedAt: at(0) });
      expect(await loginFailures.count(those, at(10), RULE)).not.toBeNull();
    });

    it('keeps the delay of a failure that came after the one that is taken back', async () => {
      const { loginFailures } = app.store;
      const those = strangers();
      for (const seconds of [0, 0, 0, 10, 20]) await loginFailures.count(those, at(seconds), RULE);

      await loginFailures.takeBack(those, at(10));

      expect(await rowOf(those.delay)).toMatchObject({ recentFailures: 4, failedAt: at(20) });
      expect(await loginFailures.count(those, at(21), RULE)).toBeNull();
    });

    it('takes nothing back where the failures of the account have been forgotten meanwhile', async () => {
      const those = strangers();
      await app.store.loginFailures.count(those, at(0), RULE);
      await app.store.loginFailures.clearAccount(those.lock.account);

      await app.store.loginFailures.takeBack(those, at(0));

      expect(await rowOf(those.lock)).toBeNull();
    });

    it('begins what locks anew after a success, and takes but that one try from what delays', async () => {
      const { loginFailures } = app.store;
      const those = strangers();
      for (const seconds of [0, 0, 5]) await loginFailures.count(those, at(seconds), RULE);

      await loginFailures.succeed(those, at(5));

      expect(await rowOf(those.delay)).toMatchObject({ recentFailures: 2, failedAt: at(0) });
      expect(await rowOf(those.lock)).toMatchObject({ failures: 0 });
    });

    it('forgets what has no account, and counts of nothing, and keeps what may lock', async () => {
      const { loginFailures } = app.store;
      const { id } = await signUp(app);
      const those = { ...strangers(), lock: { account: id, device: '' } };
      const key = { account: id, device: 'device:known' };
      const cleared = { delay: key, lock: key };
      await loginFailures.count(those, at(-2 * A_DAY_SECONDS), RULE);
      await loginFailures.count(cleared, at(-2 * A_DAY_SECONDS), RULE);
      await loginFailures.succeed(cleared, at(-2 * A_DAY_SECONDS));

      await loginFailures.prune(at(-A_DAY_SECONDS));

      expect(await rowOf(those.delay)).toBeNull();
      expect(await rowOf(those.lock)).toMatchObject({ failures: 1 });
      expect(await rowOf(key)).toBeNull();
    });
  });
});
