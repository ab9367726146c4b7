import { describe, expect, it } from '@jest/globals';
import { startApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aFollower, idsOf, recordRevocation, untilWaiting } from '../support/feed.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /revocations, 400', () => {
    const app = useApp(kind);

    it.each([
      ['a cursor that is none', { after: 'yesterday' }],
      ['an empty cursor', { after: '' }],
      ['a cursor of another kind', { after: '01a1f930-9b3d-7422-be5a-3fa11019b19d' }],
      ['a cursor with a number that is none', { after: 'live-1-2-x-4' }],
      ['a cursor with a number too few', { after: 'live-1-2-3' }],
      ['a cursor with a number too large for one', { after: `live-${'9'.repeat(16)}-2-3-4` }],
      ['a negative wait', { wait: '-1' }],
      ['a wait longer than any gateway has patience', { wait: '51' }],
      ['a wait that is no number', { wait: 'long' }],
      ['a wait in parts of a second', { wait: '1.5' }],
      ['a parameter that is not known', { before: '1' }],
    ])('answers 400 to %s', async (_what, query) => {
      const follower = await aFollower(app);

      const { body } = await follower.ask(query as Record<string, string>).expect(400);

      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: expect.any(String) }] });
    });

    it('answers 400 to a parameter that is there twice', async () => {
      const { token } = await aFollower(app);

      const { body } = await app
        .get('/revocations?wait=1&wait=2')
        .auth(token, { type: 'bearer' })
        .expect(400);

      expect(body.code).toBe('validation_failed');
    });
  });

  describe('GET /revocations, 403', () => {
    const app = useApp(kind);

    it('answers 403 to a caller without revocations:read, and names it', async () => {
      const { token } = await signUp(app);

      const response = await app.get('/revocations').auth(token, { type: 'bearer' }).expect(403);

      expect(response.body.code).toBe('insufficient_scope');
      expect(response.headers['www-authenticate']).toContain('scope="revocations:read"');
    });
  });

  describe('GET /revocations, 410', () => {
    const app = useApp(kind);

    it('answers 410 to a cursor of a follower that was asleep for an hour; a fresh snapshot has all it missed', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const missed = await recordRevocation(app);
      app.clock.advanceSeconds(3600);
      await app.follower.catchUp();
      const again = await aFollower(app);

      const { body } = await again.ask({ after, wait: 25 }).expect(410);
      const { events } = await again.snapshot();

      expect(body.code).toBe('cursor_too_old');
      expect(idsOf(events)).toContain(missed);
    });

    it('takes a cursor of half an hour ago', async () => {
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      app.clock.advanceSeconds(1799);
      const again = await aFollower(app);

      await app.follower.catchUp();
      await again.ask({ after }).expect(200);
    });

    it('answers 410 to a cursor from before the database was made anew', async () => {
      const follower = await aFollower(app);
      const seconds = Math.floor(app.clock.now() / 1000);

      const { body } = await follower.ask({ after: `live-900000-900000-0-${seconds}` }).expect(410);

      expect(body.code).toBe('cursor_too_old');
    });

    it('takes a cursor of a process that has read what another one could not, since it has expired', async () => {
      let shared = '';
      const before = await startApp(kind, {}, (url) => {
        shared = url;
        return url;
      });
      await recordRevocation(before);
      before.clock.advanceSeconds(2 * 86_400);
      await before.follower.catchUp();
      await before.follower.prune();
      const after = await startApp(kind, {}, () => shared);
      after.clock.advanceSeconds((before.clock.now() - after.clock.now()) / 1000);
      await after.follower.catchUp();
      const follower = await aFollower(before);
      const cursor = await follower.caughtUp();

      await follower.ask({ after: cursor }, after).expect(200);

      await after.stop();
      await before.stop();
    });

    it('answers 410 to a cursor from before what this process remembers', async () => {
      await recordRevocation(app);
      app.clock.advanceSeconds(1801);
      await app.follower.catchUp();
      const again = await aFollower(app);
      const seconds = Math.floor(app.clock.now() / 1000);

      await again.ask({ after: `live-0-0-0-${seconds}` }).expect(410);
    });
  });

  describe('GET /revocations, 503', () => {
    const app = useApp(kind);

    it('answers 503 while the process does not know what has been revoked', async () => {
      await app.follower.catchUp();
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      app.clock.advanceSeconds(11);

      const { body } = await follower.ask({ after }).expect(503);

      expect(body.code).toBe('revocations_stale');
    });

    it('answers 503 where that begins while a request waits', async () => {
      await app.follower.catchUp();
      const follower = await aFollower(app);
      const after = await follower.caughtUp();
      const asked = follower.ask({ after, wait: 1 }).then();
      await untilWaiting(app, 1);
      app.clock.advanceSeconds(11);

      const { status, body } = await asked;

      expect({ status, code: body.code }).toEqual({ status: 503, code: 'revocations_stale' });
    });

    it('answers 503 also where the service itself would go on with REVOCATION_WHEN_STALE=accept', async () => {
      const accepting = await startApp(kind, { REVOCATION_WHEN_STALE: 'accept' });
      const follower = await aFollower(accepting);
      const after = await follower.caughtUp();
      accepting.clock.advanceSeconds(11);

      await follower.ask({ after }).expect(503);
      await accepting.get('/verify').auth(follower.token, { type: 'bearer' }).expect(200);

      await accepting.stop();
    });
  });
});
