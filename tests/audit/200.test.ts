import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { entryOf } from '../../src/core/audit/audit.ts';
import { ANONYMOUS } from '../../src/core/principal.ts';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { searchAudit } from '../support/audit.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const NOWHERE = { userAgent: null, ip: null, network: 'unknown', requestId: null, clientRequestId: null };

onEachDatabase((kind) => {
  describe('GET /admin/audit', () => {
    const app = useApp(kind);

    /** Writes `count` entries about a user without any, each a second after the one before. */
    async function subjectWith(count: number) {
      const subject = uuidv7();
      const begun = app.clock.now();
      for (let number = 0; number < count; number++) {
        await append(subject, number, new Date(begun + number * 1000));
      }
      return { subject, begun };
    }

    function append(subject: string, number: number, at: Date): Promise<void> {
      const caller = { actor: ANONYMOUS, origin: NOWHERE, sessionId: null };
      return app.store.audit.append(entryOf('login.failed', caller, subject, { number }, 'failure'), at);
    }

    async function numbersOf(query: Record<string, string | number>): Promise<unknown[]> {
      const { token } = await anAdmin(app);
      return (await searchAudit(app, token, query)).events.map(({ details }) => details.number);
    }

    it('answers 200 with everything that is known of an event, and nothing more', async () => {
      const { id, sessionId } = await signUp(app);
      const { token } = await anAdmin(app);

      const page = await searchAudit(app, token, { subject: id, type: 'login.succeeded' });

      expect(page).toEqual({
        events: [
          {
            id: expect.stringMatching(
              /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            ),
            type: 'login.succeeded',
            outcome: 'success',
            actor: { type: 'user', id },
            subject: id,
            session_id: sessionId,
            ip: '127.0.0.1',
            user_agent: null,
            request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            client_request_id: null,
            details: { method: 'password' },
            created_at: new Date(app.clock.now()).toISOString(),
          },
        ],
        next_cursor: null,
      });
    });

    it('answers 200 with the latest first, also among those of one millisecond', async () => {
      const subject = uuidv7();
      const at = new Date(app.clock.now());
      for (let number = 0; number < 20; number++) await append(subject, number, at);

      expect(await numbersOf({ subject })).toEqual(Array.from({ length: 20 }, (_, index) => 19 - index));
    });

    it('answers 200 with page after page until all have been seen once, whatever is written meanwhile', async () => {
      const { subject, begun } = await subjectWith(25);
      const { token } = await anAdmin(app);
      const seen: unknown[] = [];
      let query: Record<string, string | number> = { subject, limit: 10 };
      for (;;) {
        const { events, next_cursor } = await searchAudit(app, token, query);
        seen.push(events.map(({ details }) => details.number));
        if (next_cursor === null) break;
        await append(subject, 99, new Date(begun + 60_000));
        query = { subject, limit: 10, cursor: next_cursor };
      }

      expect(seen).toEqual([
        [24, 23, 22, 21, 20, 19, 18, 17, 16, 15],
        [14, 13, 12, 11, 10, 9, 8, 7, 6, 5],
        [4, 3, 2, 1, 0],
      ]);
    });

    it('answers 200 with no cursor where the last page is full', async () => {
      const { subject } = await subjectWith(5);
      const { token } = await anAdmin(app);

      expect((await searchAudit(app, token, { subject, limit: 5 })).next_cursor).toBeNull();
      expect((await searchAudit(app, token, { subject, limit: 4 })).next_cursor).not.toBeNull();
    });

    it('answers 200 with 50 events where no limit is given, and 200 at most', async () => {
      const { subject } = await subjectWith(201);

      expect(await numbersOf({ subject })).toHaveLength(50);
      expect(await numbersOf({ subject, limit: 200 })).toHaveLength(200);
      expect(await numbersOf({ subject, limit: 1 })).toEqual([200]);
    });

    it('answers 200 with what lies between two times, the first included and the second not', async () => {
      const { subject, begun } = await subjectWith(5);
      const time = (seconds: number) => new Date(begun + seconds * 1000).toISOString();

      expect(await numbersOf({ subject, from: time(2) })).toEqual([4, 3, 2]);
      expect(await numbersOf({ subject, from: time(2.001) })).toEqual([4, 3]);
      expect(await numbersOf({ subject, until: time(2) })).toEqual([1, 0]);
      expect(await numbersOf({ subject, from: time(1), until: time(4) })).toEqual([3, 2, 1]);
      expect(await numbersOf({ subject, from: time(4), until: time(1) })).toEqual([]);
      expect(
        await numbersOf({ subject, from: '1960-01-01T00:00:00Z', until: '9999-12-31T23:59:59Z' }),
      ).toHaveLength(5);
      expect(await numbersOf({ subject, from: time(2).replace('Z', '+00:00') })).toEqual([4, 3, 2]);
    });

    it('answers 200 with events by actor, by subject and by type, together or alone', async () => {
      const { id, token, password } = await signUp(app);
      const { id: other } = await signUp(app);
      const admin = await anAdmin(app);
      const types = async (query: Record<string, string>) =>
        (await searchAudit(app, admin.token, query)).events.map(({ type }) => type);
      await app.post('/login').send({ email: 'nobody@example.com', password }).expect(401);
      await app.patch('/me').auth(token, { type: 'bearer' }).send({ name: 'x' }).expect(200);

      expect(await types({ actor: id })).toEqual([
        'user.updated',
        'code.sent',
        'login.succeeded',
        'user.signed_up',
      ]);
      expect(await types({ subject: id, type: 'user.updated' })).toEqual(['user.updated']);
      expect(await types({ subject: id, actor: other })).toEqual([]);
      expect(await types({ type: 'token.revoked' })).toEqual([]);
      expect((await types({ type: 'login.failed' })).every((type) => type === 'login.failed')).toBe(true);
      expect(await types({ subject: "' OR 1=1 --".replaceAll(' ', '_') })).toEqual([]);
    });

    it('answers 200 about the permission with the longest name', async () => {
      const name = `${'r'.repeat(63)}:${'a'.repeat(63)}`;
      const { token } = await anAdmin(app);
      await app.post('/admin/permissions').auth(token, { type: 'bearer' }).send({ name }).expect(201);

      const { events } = await searchAudit(app, token, { subject: name });

      expect(events.map(({ type }) => type)).toEqual(['permission.created']);
    });

    it('answers 200 with a cursor in capital letters as with any other', async () => {
      const { subject } = await subjectWith(3);
      const { token } = await anAdmin(app);
      const { next_cursor } = await searchAudit(app, token, { subject, limit: 2 });

      expect(await numbersOf({ subject, cursor: String(next_cursor).toUpperCase() })).toEqual([0]);
    });
  });
});
