import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { aFollower, idsOf, recordRevocation, untilWaiting } from '../support/feed.ts';
import { useTwoApps } from '../support/two-apps.ts';

/** After that a missing position is not waited for. */
const PATIENCE_SECONDS = 121;

onEachDatabase((kind) => {
  describe('Positions are given out at insert and appear at commit:', () => {
    const apps = useTwoApps(kind);
    let position = 1000;

    /** A follower that has everything up to a position behind which others are missing. */
    async function atAGap() {
      const { first } = apps;
      const follower = await aFollower(first);
      position += 100;
      const before = await recordRevocation(first, position);
      await Promise.all([first.follower.catchUp(), apps.second.follower.catchUp()]);
      first.clock.advanceSeconds(PATIENCE_SECONDS);
      apps.second.clock.advanceSeconds(PATIENCE_SECONDS);
      await Promise.all([first.follower.catchUp(), apps.second.follower.catchUp()]);
      const known = await recordRevocation(first, position + 2);
      await first.follower.catchUp();
      const cursor = await follower.caughtUp();
      return { follower, before, known, missing: position + 1, cursor };
    }

    it('a follower is given what appears below a position that it has already', async () => {
      const { follower, missing, cursor } = await atAGap();
      const late = await recordRevocation(apps.first, missing);
      await apps.first.follower.catchUp();

      const { body } = await follower.ask({ after: cursor }).expect(200);

      expect(idsOf(body.events)).toContain(late);
    });

    it('a follower that waits is given it as well', async () => {
      const { follower, missing, cursor } = await atAGap();
      const asked = follower.ask({ after: cursor, wait: 50 }).then();
      await untilWaiting(apps.first, 1);

      const late = await recordRevocation(apps.first, missing);
      await apps.first.follower.catchUp();

      expect(idsOf((await asked).body.events)).toContain(late);
    });

    it('a position that stays missing gives it nothing twice', async () => {
      const { follower, cursor } = await atAGap();

      const again = await follower.ask({ after: cursor }).expect(200);
      const next = await recordRevocation(apps.first, position + 3);
      await apps.first.follower.catchUp();
      const more = await follower.ask({ after: again.body.cursor }).expect(200);

      expect(again.body.events).toEqual([]);
      expect(idsOf(more.body.events)).toEqual([next]);
    });

    it('another process goes on from there, and reads first where it knows less', async () => {
      const { follower, missing, cursor } = await atAGap();
      const { first, second } = apps;

      const there = await follower.ask({ after: cursor }, second).expect(200);
      const late = await recordRevocation(first, missing);
      await second.follower.catchUp();
      const { body } = await follower.ask({ after: there.body.cursor }, second).expect(200);

      expect(there.body.events).toEqual([]);
      expect(idsOf(body.events)).toContain(late);
    });

    it('a process that knows more gives what the other did not', async () => {
      const { follower, missing, cursor } = await atAGap();
      const late = await recordRevocation(apps.first, missing);
      await apps.second.follower.catchUp();

      const { body } = await follower.ask({ after: cursor }, apps.second).expect(200);
      const back = await follower.ask({ after: body.cursor }).expect(200);

      expect(idsOf(body.events)).toContain(late);
      expect(back.body.events).toEqual([]);
    });
  });
});
