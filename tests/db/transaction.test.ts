import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { CoreStores } from '../../src/core/stores.ts';
import type { NewUser } from '../../src/core/users/user.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase, onMysql } from '../support/databases.ts';
import { recordedRevocations } from '../support/feed.ts';
import { aPerson, signUp } from '../support/people.ts';

function aUser(app: TestApp): NewUser {
  const { email } = aPerson();
  return {
    id: randomUUID(),
    email: { shown: email, canonical: email },
    username: null,
    name: null,
    passwordHash: 'none',
    createdAt: new Date(app.clock.now()),
  };
}

function aRevocation(app: TestApp) {
  const expiresAt = new Date(app.clock.now() + 910_000);
  return { kind: 'session' as const, subjectId: randomUUID(), notBefore: null, expiresAt };
}

onEachDatabase((kind) => {
  describe('A transaction', () => {
    const app = useApp(kind);

    it('gives back what its work returns, and all its writes stay', async () => {
      const user = aUser(app);

      const result = await app.store.transaction(async ({ users }) => {
        await users.insert(user);
        return 'done';
      });

      expect(result).toBe('done');
      expect(await app.store.users.findById(user.id)).not.toBeNull();
    });

    it('undoes all its writes where its work throws, and throws the same', async () => {
      const user = aUser(app);
      const { id, sessionId } = await signUp(app);
      const revocation = aRevocation(app);
      const fault = new Error('no');

      const result = app.store.transaction(async ({ users, sessions, revocations }) => {
        await users.insert(user);
        await sessions.revoke({ userId: id }, 'logout', new Date(app.clock.now()));
        await revocations.insert([revocation], new Date(app.clock.now()));
        throw fault;
      });

      await expect(result).rejects.toBe(fault);
      expect(await app.store.users.findById(user.id)).toBeNull();
      expect((await app.store.sessions.find(sessionId))?.revokedAt).toBeNull();
      const recorded = await recordedRevocations(app);
      expect(recorded.map(({ subjectId }) => subjectId)).not.toContain(revocation.subjectId);
    });

    it('undoes a sign-up whose session cannot be written, so that the address is still free', async () => {
      const person = aPerson();
      const { sequelize } = app.database;
      await sequelize.query('ALTER TABLE sessions RENAME TO away');

      await app.post('/signup').send(person).expect(500);

      await sequelize.query('ALTER TABLE away RENAME TO sessions');
      await app.post('/signup').send(person).expect(201);
    });

    it('undoes a logout that cannot be recorded for the other processes', async () => {
      const { token, sessionId } = await signUp(app);
      const { sequelize } = app.database;
      await sequelize.query('ALTER TABLE revocations RENAME TO away');

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(500);

      await sequelize.query('ALTER TABLE away RENAME TO revocations');
      expect((await app.store.sessions.find(sessionId))?.revokedAt).toBeNull();
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
    });

    it('leaves the password as it was where the other sessions cannot be ended', async () => {
      const { token, email, password } = await signUp(app);
      await app.post('/login').send({ email, password }).expect(200);
      const { sequelize } = app.database;
      await sequelize.query('ALTER TABLE revocations RENAME TO away');

      await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: aPerson().password })
        .expect(500);

      await sequelize.query('ALTER TABLE away RENAME TO revocations');
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('is one of fifty at once that all succeed', async () => {
      const users = Array.from({ length: 50 }, () => aUser(app));

      await Promise.all(
        users.map((user) =>
          app.store.transaction(async (stores) => {
            await stores.users.insert(user);
            await stores.revocations.insert([aRevocation(app)], new Date(app.clock.now()));
          }),
        ),
      );

      const found = await Promise.all(users.map(({ id }) => app.store.users.findById(id)));
      expect(found).not.toContain(null);
    });

    it('does not stand in the way of single writes, and they not in its way', async () => {
      const people = await Promise.all(Array.from({ length: 20 }, () => signUp(app)));

      const outcomes = await Promise.allSettled(
        people.flatMap(({ id }) => [
          app.store.users.updateProfile(id, { name: 'Ada' }, new Date(app.clock.now())),
          app.store.transaction(({ users }) =>
            users.updateProfile(id, { name: 'Bob' }, new Date(app.clock.now())),
          ),
        ]),
      );

      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    });

    it('that failed leaves nothing behind that a later one would meet', async () => {
      const failures = Array.from({ length: 30 }, () =>
        app.store.transaction(async ({ users }) => {
          await users.insert(aUser(app));
          throw new Error('no');
        }),
      );
      await Promise.allSettled(failures);
      const user = aUser(app);

      await app.store.transaction(({ users }) => users.insert(user));

      expect(await app.store.users.findById(user.id)).not.toBeNull();
    });
  });
});

describe('A busy minute on SQLite', () => {
  // Hashing fills the threads that the database file is also read and written in, as it does in production.
  const app = useApp('SQLite', { BCRYPT_COST: '9', HASH_WORKERS: '2' });

  it('of sign-ups alone loses none of them', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => app.post('/signup').send(aPerson())));

    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201));
  });

  it('of refreshes, logins, logouts and sign-ups loses none of them', async () => {
    const people: Awaited<ReturnType<typeof signUp>>[] = [];
    for (let count = 0; count < 30; count++) people.push(await signUp(app));

    const answers = await Promise.all([
      ...people.map(({ refreshToken }) => app.post('/refresh').send({ refresh_token: refreshToken })),
      ...people.map(({ email, password }) => app.post('/login').send({ email, password })),
      ...people.map(({ token }) => app.post('/logout?scope=others').auth(token, { type: 'bearer' })),
      ...people.map(() => app.post('/signup').send(aPerson())),
    ]);

    const refused = answers.filter(({ status }) => status >= 400);
    expect(refused.map(({ status, body }) => `${status} ${body.code}`)).toEqual([]);
  });
});

onMysql(() => {
  describe('A deadlock', () => {
    const app = useApp('MySQL');

    it('is tried again, so that both transactions take effect', async () => {
      const [one, other] = [await signUp(app), await signUp(app)];
      const at = new Date(app.clock.now());
      let tries = 0;
      let arrived = 0;
      let bothArrived: () => void = () => {};
      const meeting = new Promise<void>((resolve) => {
        bothArrived = resolve;
      });
      const rename = (first: string, second: string, name: string) =>
        app.store.transaction(async ({ users }: CoreStores) => {
          tries++;
          await users.updateProfile(first, { name }, at);
          if (++arrived === 2) bothArrived();
          await meeting;
          await users.updateProfile(second, { name }, at);
        });

      await Promise.all([rename(one.id, other.id, 'Ada'), rename(other.id, one.id, 'Bob')]);

      expect(tries).toBe(3);
      const names = await Promise.all(
        [one, other].map(async ({ id }) => (await app.store.users.findById(id))?.name),
      );
      expect(new Set(names).size).toBe(1);
    });
  });
});
