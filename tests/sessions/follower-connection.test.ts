import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordRevocation } from '../support/feed.ts';

const POOL_MAX = 2;
const TIMEOUT_MILLISECONDS = 100;
/** Some tenths of a second of work for one connection of SQLite; MySQL has a pool that is taken otherwise. */
const LONG_READ =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT MAX(i) FROM n';

onEachDatabase((kind) => {
  describe('The follower of revocations has a connection of its own:', () => {
    const app = useApp(kind, { DATABASE_POOL_MAX: String(POOL_MAX) });
    const slow = useApp(kind, { DATABASE_TIMEOUT_MS: String(TIMEOUT_MILLISECONDS) });

    /** Keeps requests from every connection that they have until what it returns is called. */
    function takeAllConnections(): () => Promise<unknown> {
      const { database } = app;
      if (kind === 'SQLite') {
        const reads = Array.from({ length: 5 }, () => database.sequelize.query(LONG_READ));
        return () => Promise.all(reads);
      }
      const release = new AbortController();
      const released = new Promise((resolve) => release.signal.addEventListener('abort', resolve));
      // Those of the pool that single statements take: transactions have another one.
      const taken = Array.from({ length: POOL_MAX }, () => database.sequelize.transaction(() => released));
      return () => {
        release.abort();
        return Promise.all(taken);
      };
    }

    it('it goes on while requests keep all the others', async () => {
      const id = await recordRevocation(app);
      const giveBack = takeAllConnections();
      let isOver = false;
      const request = app.store.sessions.find('none').finally(() => {
        isOver = true;
      });

      await app.follower.catchUp();

      expect(app.revocations.isRevoked({ sid: id, sub: '', iat: 0 })).toBe(true);
      expect(isOver).toBe(false);
      await giveBack();
      await request;
    });

    it('an answer that has come in time counts, however late the event loop takes it', async () => {
      const id = await recordRevocation(slow);
      await slow.follower.catchUp();
      const late = await recordRevocation(slow);

      const reading = slow.follower.catchUp();
      const until = performance.now() + 3 * TIMEOUT_MILLISECONDS;
      while (performance.now() < until);
      await reading;

      expect([id, late].map((sid) => slow.revocations.isRevoked({ sid, sub: '', iat: 0 }))).toEqual([
        true,
        true,
      ]);
    });

    it('another request is not refused either when only the event loop was late', async () => {
      const finding = slow.store.sessions.find('none');
      const until = performance.now() + 3 * TIMEOUT_MILLISECONDS;
      while (performance.now() < until);

      expect(await finding).toBeNull();
    });
  });
});
