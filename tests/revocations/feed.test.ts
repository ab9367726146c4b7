import { describe, expect, it } from '@jest/globals';
import { createFeed } from '../../src/features/revocations/feed.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { recordRevocation } from '../support/feed.ts';

const FOLLOWERS = 100;

onEachDatabase((kind) => {
  describe('Of followers that come at the same time', () => {
    const app = useApp(kind);
    const { signal } = new AbortController();

    /** The feed of the app, which counts how often it reads the table, and reads only once it may. */
    function setUp() {
      let reads = 0;
      let allow = () => {};
      const allowed = new Promise<void>((resolve) => {
        allow = resolve;
      });
      const { store, follower, clock, revocationLog: log } = app;
      const revocations: Pick<typeof store.revocations, 'listLiveAfter'> = {
        async listLiveAfter(...args) {
          reads += 1;
          await allowed;
          return store.revocations.listLiveAfter(...args);
        },
      };
      const feed = createFeed({ store: { revocations }, log, follower, clock });
      return {
        begin: () => Array.from({ length: FOLLOWERS }, () => feed.read(undefined, 0, signal)),
        goOn: (cursor: Parameters<typeof feed.read>[0]) =>
          Array.from({ length: FOLLOWERS }, () => feed.read(cursor, 0, signal)),
        allow: () => allow(),
        reads: () => reads,
      };
    }

    it('a single one reads the table, and one more for all who come while it does', async () => {
      const { begin, allow, reads } = setUp();
      const early = begin();
      await recordRevocation(app);
      const late = begin();
      expect(reads()).toBe(1);
      allow();

      const pages = await Promise.all([...early, ...late]);

      expect(reads()).toBe(2);
      expect(new Set(pages).size).toBe(2);
    });

    it('those with one cursor are given one page, which is written down once', async () => {
      const { goOn } = setUp();
      await recordRevocation(app);
      await app.follower.catchUp();
      const issuedAtSeconds = Math.floor(app.clock.now() / 1000);

      const pages = await Promise.all(
        goOn({ kind: 'live', settled: 0, highest: 0, checksum: 0, issuedAtSeconds }),
      );

      expect(pages[0]?.events.length).toBeGreaterThan(0);
      expect(new Set(pages).size).toBe(1);
    });
  });
});
