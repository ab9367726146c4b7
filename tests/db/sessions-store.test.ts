import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const IDLE_SECONDS = 100;
const ABSOLUTE_SECONDS = 250;

onEachDatabase((kind) => {
  describe('A session in the database', () => {
    const lifetimes = {
      SESSION_IDLE_SECONDS: String(IDLE_SECONDS),
      SESSION_ABSOLUTE_SECONDS: String(ABSOLUTE_SECONDS),
    };
    const app = useApp(kind, lifetimes);
    const now = () => new Date(app.clock.now());
    const later = (seconds: number) => new Date(app.clock.now() + seconds * 1000);

    const rotation = (at: Date, idleExpiresAt: Date) => ({ at, idleExpiresAt, earlierRotations: [] });

    async function find(id: string) {
      const session = await app.store.sessions.find(id);
      if (session === null) throw new Error('the session is not there');
      return session;
    }

    it('is moved on by one of many that try with the same counter', async () => {
      const { sessionId } = await signUp(app);

      const session = await find(sessionId);

      const tries = Array.from({ length: 20 }, () =>
        app.store.sessions.rotate(session, rotation(now(), later(IDLE_SECONDS))),
      );

      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    });

    it.each<[what: string, at: () => Date, prepare: (id: string, userId: string) => Promise<unknown>]>([
      ['has been revoked', now, (id, userId) => app.store.sessions.revoke({ userId, id }, 'logout', now())],
      ['has rested too long', () => later(IDLE_SECONDS), async () => {}],
      ['is of a disabled user', now, (_id, userId) => app.store.users.disable(userId, now())],
    ])('is not moved on where it %s', async (_what, at, prepare) => {
      const { sessionId, id: userId } = await signUp(app);
      const session = await find(sessionId);
      await prepare(sessionId, userId);

      expect(await app.store.sessions.rotate(session, rotation(at(), later(IDLE_SECONDS)))).toBe(false);
    });

    it('is not moved on past its absolute end, however late its idle end is', async () => {
      const { sessionId } = await signUp(app);
      await app.store.sessions.rotate(await find(sessionId), rotation(now(), later(10 * ABSOLUTE_SECONDS)));
      const session = await find(sessionId);

      const beyond = later(ABSOLUTE_SECONDS);
      expect(await app.store.sessions.rotate(session, rotation(beyond, later(10 * ABSOLUTE_SECONDS)))).toBe(
        false,
      );
    });

    it('is moved on at the time that was given, which may be a little before the database comes to it', async () => {
      const { sessionId } = await signUp(app);
      const at = now();

      await app.store.sessions.rotate(await find(sessionId), rotation(at, later(IDLE_SECONDS)));

      expect((await find(sessionId)).rotatedAt).toEqual(at);
    });

    it('is moved on as much later as a server that was frozen came to it', async () => {
      const { sessionId } = await signUp(app);
      const session = await find(sessionId);
      const readBefore = { ...session, readAtSeconds: session.readAtSeconds - 600 };
      const at = now();

      expect(await app.store.sessions.rotate(readBefore, rotation(at, later(IDLE_SECONDS)))).toBe(true);

      const lateMilliseconds = ((await find(sessionId)).rotatedAt?.getTime() ?? 0) - at.getTime();
      expect(lateMilliseconds).toBeGreaterThanOrEqual(600_000);
      expect(lateMilliseconds).toBeLessThan(660_000);
    });

    it('is confirmed for the refresh that is named, once, until the next one', async () => {
      const { sessionId } = await signUp(app);
      const confirm = (refreshCounter: number, at: Date) =>
        app.store.sessions.confirm([{ id: sessionId, refreshCounter }], at);
      await app.store.sessions.rotate(await find(sessionId), rotation(now(), later(IDLE_SECONDS)));

      await confirm(0, now());
      expect((await find(sessionId)).confirmedAt).toBeNull();
      const first = now();
      await confirm(1, first);
      await confirm(1, later(5));
      expect((await find(sessionId)).confirmedAt).toEqual(first);
      await app.store.sessions.rotate(await find(sessionId), rotation(now(), later(IDLE_SECONDS)));

      expect((await find(sessionId)).confirmedAt).toBeNull();
    });

    it('is not made for a user who is disabled, unknown, or has another password by now', async () => {
      const { id: userId, sessionId } = await signUp(app);
      const session = await find(sessionId);
      const another = () => ({ ...session, id: randomUUID() });
      const { sessions, users } = app.store;
      const hash = (await users.findById(userId))?.passwordHash ?? '';
      const proved = (passwordHash: string | null) => ({ passwordHash, isEnoughForFactor: true });

      expect(await sessions.insert(another(), proved(hash))).toBe(true);
      expect(await sessions.insert(another(), proved(null))).toBe(true);
      expect(await sessions.insert(another(), proved('the hash before'))).toBe(false);
      expect(await sessions.insert({ ...another(), userId: randomUUID() }, proved(null))).toBe(false);
      await users.disable(userId, now());
      expect(await sessions.insert(another(), proved(hash))).toBe(false);
    });

    it('is removed some time after it has expired, and not before', async () => {
      const { sessionId } = await signUp(app);
      const rows = () => app.models.sessions.count({ where: { id: sessionId } });

      await app.store.sessions.prune(later(IDLE_SECONDS));
      expect(await rows()).toBe(1);
      await app.store.sessions.prune(later(IDLE_SECONDS + 1));
      expect(await rows()).toBe(0);
    });
  });

  describe('The sessions of a user who logs in again and again', () => {
    const app = useApp(kind);

    it('are never more than a hundred: a login beyond that ends the oldest', async () => {
      const person = await signUp(app);
      const credentials = { email: person.email, password: person.password };
      for (let logins = 0; logins < 99; logins++) {
        app.clock.advanceSeconds(1);
        await app.post('/login').send(credentials).expect(200);
      }
      await app.get('/verify').auth(person.token, { type: 'bearer' }).expect(200);

      const { body } = await app.post('/login').send(credentials).expect(200);

      const answer = await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);
      expect(answer.body.sessions).toHaveLength(100);
      expect((await app.get('/verify').auth(person.token, { type: 'bearer' })).body.code).toBe(
        'token_revoked',
      );
    });
  });
});
