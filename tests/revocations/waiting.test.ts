import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { startApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aFollower, idsOf, recordRevocation, untilWaiting } from '../support/feed.ts';
import { signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';

const WAIT_SECONDS = 50;

onEachDatabase((kind) => {
  describe('GET /revocations with wait', () => {
    const app = useApp(kind);

    it('answers as soon as a user logs out, to all who wait', async () => {
      const follower = await aFollower(app);
      const { token, sessionId } = await signUp(app);
      const after = await follower.caughtUp();
      const asked = Array.from({ length: 20 }, () => follower.ask({ after, wait: WAIT_SECONDS }).then());
      await untilWaiting(app, 20);

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      for (const { status, body } of await Promise.all(asked)) {
        expect(status).toBe(200);
        expect(idsOf(body.events)).toEqual([sessionId]);
      }
    });

    it('answers as soon as it is read what another process has revoked', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const asked = follower.ask({ after, wait: WAIT_SECONDS }).then();
      await untilWaiting(app, 1);

      const id = await recordRevocation(app);
      await app.follower.catchUp();

      expect(idsOf((await asked).body.events)).toEqual([id]);
    });

    it('answers at once what was revoked before it came', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const id = await recordRevocation(app);
      await app.follower.catchUp();

      const { body } = await follower.ask({ after, wait: WAIT_SECONDS }).expect(200);

      expect(idsOf(body.events)).toEqual([id]);
    });

    it('answers with nothing when the time is over, and the cursor is good for going on', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();

      const { body } = await follower.ask({ after, wait: 1 }).expect(200);
      const id = await recordRevocation(app);
      await app.follower.catchUp();
      const next = await follower.ask({ after: body.cursor }).expect(200);

      expect(body.events).toEqual([]);
      expect(idsOf(next.body.events)).toEqual([id]);
    });

    it('asks no database however many wait', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();

      let asked: Promise<unknown>[] = [];
      const queries = await countQueries(app, async () => {
        asked = Array.from({ length: 50 }, () => follower.ask({ after, wait: WAIT_SECONDS }).then());
        await untilWaiting(app, 50);
      });
      await recordRevocation(app);
      await app.follower.catchUp();
      await Promise.all(asked);

      expect(queries).toBe(0);
    });

    it('forgets a follower that hangs up', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const headers = { Authorization: `Bearer ${follower.token}` };
      const sent = request(`${app.url}/revocations?after=${after}&wait=${WAIT_SECONDS}`, { headers });
      sent.on('error', () => {});
      sent.end();
      await untilWaiting(app, 1);

      sent.destroy();

      await untilWaiting(app, 0);
    });

    it('does not keep the service from stopping: all are answered, with a cursor to come back with', async () => {
      const stopping = await startApp(kind);
      const follower = await aFollower(stopping);
      const after = await follower.caughtUp();
      const asked = follower.ask({ after, wait: WAIT_SECONDS }).then();
      await untilWaiting(stopping, 1);

      const stopped = stopping.stop();
      const { status, headers, body } = await asked;
      await stopped;

      expect(status).toBe(200);
      expect(headers.connection).toBe('close');
      expect(body).toMatchObject({ events: [], cursor: expect.stringMatching(/^live-/) });
    });

    it('is counted in the metrics', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const asked = follower.ask({ after, wait: 1 }).then();
      await untilWaiting(app, 1);

      expect(await app.scrape()).toContain('latchkey_revocation_followers 1\n');
      await asked;
      expect(await app.scrape()).toContain('latchkey_revocation_followers 0\n');
    });
  });
});
