import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { revocationOf } from '../../src/core/sessions/ending.ts';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aFollower, idsOf } from '../support/feed.ts';
import { signUp } from '../support/people.ts';
import { makeRole } from '../support/roles.ts';

const PAGE_EVENTS = 5_000;
const DAY_SECONDS = 86_400;

onEachDatabase((kind) => {
  describe('GET /revocations', () => {
    const app = useApp(kind);

    async function logOut(): Promise<string> {
      const { token, sessionId } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      return sessionId;
    }

    it('answers 200 without a cursor with all that is revoked at present', async () => {
      const follower = await aFollower(app);
      const sessionId = await logOut();

      const { body } = await follower.ask().expect(200);

      const expiresAt = new Date(app.clock.now() + (DAY_SECONDS + 305) * 1000).toISOString();
      expect(body.events).toContainEqual({ kind: 'session', id: sessionId, expires_at: expiresAt });
      expect(body).toEqual({
        events: expect.any(Array),
        cursor: expect.stringMatching(/^live-/),
        more: false,
        lag_milliseconds: 0,
        now: new Date(app.clock.now()).toISOString(),
      });
    });

    it('answers 200 with a cursor with what is new since, each once', async () => {
      const follower = await aFollower(app);
      const cursor = await follower.caughtUp();
      const sessionIds = [await logOut(), await logOut()];
      await app.follower.catchUp();

      const first = await follower.ask({ after: cursor }).expect(200);
      const second = await follower.ask({ after: first.body.cursor }).expect(200);

      expect(idsOf(first.body.events)).toEqual(sessionIds);
      expect(second.body.events).toEqual([]);
    });

    it('answers 200 with every kind of revocation, and with times where there is one', async () => {
      const follower = await aFollower(app);
      const { token: admin } = await anAdmin(app);
      const [role, person, other] = [await makeRole(app, []), await signUp(app), await signUp(app)];
      const key = await app
        .post('/api-keys')
        .auth(other.token, { type: 'bearer' })
        .send({ name: 'A key' })
        .expect(201);
      const change = (path: string, body: object) =>
        app.put(path).auth(admin, { type: 'bearer' }).send(body).expect(200);
      await change(`/admin/users/${other.id}/roles`, { roles: ['user', role] });
      const cursor = await follower.caughtUp();

      app.clock.advanceSeconds(1);
      await app.delete(`/api-keys/${key.body.id}`).auth(other.token, { type: 'bearer' });
      await change(`/admin/users/${person.id}/roles`, { roles: ['user', role] });
      await app.delete(`/admin/roles/${role}?force=true`).auth(admin, { type: 'bearer' }).expect(204);
      await app.delete(`/admin/users/${person.id}`).auth(admin, { type: 'bearer' }).expect(204);
      await app.follower.catchUp();

      const { body } = await follower.ask({ after: cursor }).expect(200);
      const kinds = new Map(body.events.map((event: { kind: string }) => [event.kind, event]));
      expect(kinds.get('rights')).toMatchObject({ id: person.id, not_before: expect.any(String) });
      expect(kinds.get('role')).toMatchObject({ id: role, not_before: expect.any(String) });
      expect(kinds.get('user')).toMatchObject({ id: person.id, not_before: expect.any(String) });
      expect([...kinds.keys()].sort()).toEqual(expect.arrayContaining(['rights', 'role', 'user']));
    });

    it('answers 200 page by page where there are many, without losing what is revoked meanwhile', async () => {
      const follower = await aFollower(app);
      const at = new Date(app.clock.now());
      const rows = Array.from({ length: PAGE_EVENTS }, () => ({
        ...revocationOf('session', randomUUID(), null, at),
        createdAt: at,
      }));
      await app.models.revocations.bulkCreate(rows);
      await app.follower.catchUp();

      const first = await follower.ask().expect(200);
      const meanwhile = await logOut();
      await app.follower.catchUp();
      const second = await follower.ask({ after: first.body.cursor }).expect(200);

      expect([first.body.more, second.body.more]).toEqual([true, false]);
      expect(first.body.events).toHaveLength(PAGE_EVENTS);
      const ids = new Set(idsOf([...first.body.events, ...second.body.events]));
      expect(rows.filter(({ subjectId }) => !ids.has(subjectId))).toEqual([]);
      expect(ids).toContain(meanwhile);
    });

    it('answers 200 without what has expired: no token that is alive needs it', async () => {
      const sessionId = await logOut();
      app.clock.advanceSeconds(DAY_SECONDS + 306);

      const { events } = await (await aFollower(app)).snapshot();

      expect(idsOf(events)).not.toContain(sessionId);
    });
  });
});
