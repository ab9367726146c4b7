import { describe, expect, it } from '@jest/globals';
import { entryOf } from '../../src/core/audit/audit.ts';
import type { Caller } from '../../src/core/principal.ts';
import { anAdmin } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import type { ShownPage } from '../support/audit.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /me/activity, 200', () => {
    const app = useApp(kind);

    async function activity(token: string, query: Record<string, string | number> = {}): Promise<ShownPage> {
      const { body } = await app.get('/me/activity').query(query).auth(token, { type: 'bearer' }).expect(200);
      return body;
    }

    /** Records that a user did something, from a device of theirs. */
    async function note(actor: Caller['actor'], subjectId: string): Promise<void> {
      const origin = {
        userAgent: 'Theirs/1',
        ip: '203.0.113.9',
        network: '203.0.113.9',
        requestId: '1f0c8a52-6d53-4c0b-9d8c-0c7d2f3b6a11',
        clientRequestId: 'their-request',
      };
      const caller: Caller = { actor, origin, sessionId: '01890000-0000-7000-8000-00000000000a' };
      await app.store.audit.append(entryOf('user.unlocked', caller, subjectId), new Date(app.clock.now()));
    }

    it('answers 200 with what the person did, the latest first, from which device and in which session', async () => {
      const { id, token, sessionId } = await signUp(app);
      await app
        .patch('/me')
        .auth(token, { type: 'bearer' })
        .set('User-Agent', 'Mine/1')
        .send({ name: 'x' })
        .expect(200);

      const { events, next_cursor } = await activity(token);

      expect(events.map(({ type }) => type)).toEqual([
        'user.updated',
        'code.sent',
        'login.succeeded',
        'user.signed_up',
      ]);
      expect(events[0]).toEqual({
        id: expect.any(String),
        type: 'user.updated',
        outcome: 'success',
        actor: { type: 'user', id },
        subject: id,
        session_id: sessionId,
        ip: '127.0.0.1',
        user_agent: 'Mine/1',
        request_id: expect.any(String),
        client_request_id: null,
        details: { fields: ['name'] },
        created_at: new Date(app.clock.now()).toISOString(),
      });
      expect(next_cursor).toBeNull();
    });

    it('answers 200 with failed logins, and from where they were tried', async () => {
      const { token, email } = await signUp(app);
      await app
        .post('/login')
        .set('User-Agent', 'Thief/1')
        .send({ email, password: `${CANARY} x` })
        .expect(401);

      const [event] = (await activity(token)).events;

      expect(event).toMatchObject({ type: 'login.failed', ip: '127.0.0.1', user_agent: 'Thief/1' });
    });

    it('answers 200 with what others did to the account, without their device and session', async () => {
      const { id, token } = await signUp(app);
      const admin = await anAdmin(app);
      const adminKey = await makeKey(app, admin.token);
      const actors: Caller['actor'][] = [
        { type: 'user', id: admin.id },
        { type: 'client', id: 'a-machine' },
        { type: 'api_key', id: adminKey.id },
        { type: 'operator', id: null },
      ];
      for (const actor of actors) await note(actor, id);

      const { events } = await activity(token);

      expect(events.slice(0, 4).map(({ actor }) => actor)).toEqual([...actors].reverse());
      for (const event of events.slice(0, 4)) {
        expect(event).toMatchObject({ type: 'user.unlocked', session_id: null, ip: null, user_agent: null });
        expect(JSON.stringify(event)).not.toMatch(/203\.0\.113|Theirs/);
      }
    });

    it("answers 200 with what the person's own API keys did, wherever, and from where, also after they were deleted", async () => {
      const { id, token } = await signUp(app);
      const other = await signUp(app);
      const key = await makeKey(app, token);
      await app.patch('/me').auth(key.key, { type: 'bearer' }).send({ name: 'By key' }).expect(200);
      await note({ type: 'api_key', id: key.id }, other.id);
      await app.delete(`/api-keys/${key.id}`).auth(token, { type: 'bearer' }).expect(204);

      const { events } = await activity(token);

      expect(events.slice(0, 4)).toMatchObject([
        { type: 'api_key.deleted', actor: { type: 'user', id }, subject: key.id },
        {
          type: 'user.unlocked',
          actor: { type: 'api_key', id: key.id },
          ip: '203.0.113.9',
          user_agent: 'Theirs/1',
        },
        { type: 'user.updated', actor: { type: 'api_key', id: key.id }, ip: '127.0.0.1' },
        { type: 'api_key.created', subject: key.id },
      ]);
    });

    it('answers 200 with nothing of other users', async () => {
      const [one, other] = [await signUp(app), await signUp(app)];
      await app
        .post('/login')
        .send({ email: 'nobody@example.com', password: `${CANARY} x` })
        .expect(401);

      const { events } = await activity(one.token);

      expect(events).toHaveLength(3);
      expect(JSON.stringify(events)).not.toContain(other.id);
    });

    it('answers 200 page by page', async () => {
      const { token } = await signUp(app);
      for (const name of ['a', 'b']) {
        await app.patch('/me').auth(token, { type: 'bearer' }).send({ name }).expect(200);
      }
      const all = (await activity(token)).events;

      const first = await activity(token, { limit: 2 });
      const second = await activity(token, { limit: 2, cursor: String(first.next_cursor) });
      const third = await activity(token, { limit: 2, cursor: String(second.next_cursor) });

      expect([...first.events, ...second.events, ...third.events]).toEqual(all);
      expect([first.events.length, second.events.length, third.events.length]).toEqual([2, 2, 1]);
      expect(third.next_cursor).toBeNull();
    });

    it('shows nothing of another user by their cursor: it is only a place in time', async () => {
      const [one, other] = [await signUp(app), await signUp(app)];
      const { next_cursor } = await activity(other.token, { limit: 1 });

      const { events } = await activity(one.token, { cursor: String(next_cursor) });

      expect(events.every(({ actor }) => actor.id === one.id)).toBe(true);
    });
  });

  describe('GET /me/activity, 401', () => {
    const app = useApp(kind);

    it('answers 401 without a token, and to a token that was revoked', async () => {
      const { token } = await signUp(app);
      await app.get('/me/activity').expect(401);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      const { body } = await app.get('/me/activity').auth(token, { type: 'bearer' }).expect(401);

      expect(body.code).toBe('token_revoked');
    });
  });
});
