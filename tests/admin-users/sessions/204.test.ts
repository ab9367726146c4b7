import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;

/** A user with two sessions. */
async function twice(app: TestApp) {
  const person = await signUp(app);
  const { email, password } = person;
  const { body } = await app.post('/login').send({ email, password }).expect(200);
  return { ...person, second: { token: body.access_token, refreshToken: body.refresh_token } };
}

async function expectEnded(app: TestApp, { token, refreshToken }: { token: string; refreshToken: string }) {
  const { body } = await app.get('/verify').auth(token, auth).expect(401);
  expect(body.code).toBe('token_revoked');
  await app.post('/refresh').send({ refresh_token: refreshToken }).expect(401);
}

async function expectAlive(app: TestApp, { token, refreshToken }: { token: string; refreshToken: string }) {
  await app.get('/verify').auth(token, auth).expect(200);
  await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
}

onEachDatabase((kind) => {
  describe('DELETE /admin/users/{id}/sessions', () => {
    const app = useApp(kind);

    it('ends all sessions of the user at once, and no others', async () => {
      const admin = await anAdmin(app);
      const person = await twice(app);
      const stranger = await signUp(app);

      await app.delete(`/admin/users/${person.id}/sessions`).auth(admin.token, auth).expect(204);

      await expectEnded(app, person);
      await expectEnded(app, person.second);
      await expectAlive(app, stranger);
      await expectAlive(app, admin);
    });

    it('lets the person log in again at once', async () => {
      const admin = await anAdmin(app);
      const { id, email, password } = await twice(app);

      await app.delete(`/admin/users/${id}/sessions`).auth(admin.token, auth).expect(204);

      const { body } = await app.post('/login').send({ email, password }).expect(200);
      await app.get('/me').auth(body.access_token, auth).expect(200);
    });

    it('answers 204 where there are none', async () => {
      const admin = await anAdmin(app);
      const { id } = await signUp(app);
      const path = `/admin/users/${id}/sessions`;

      await app.delete(path).auth(admin.token, auth).expect(204);
      await app.delete(path).auth(admin.token, auth).expect(204);
    });
  });

  describe('DELETE /admin/users/{id}/sessions/{session_id}', () => {
    const app = useApp(kind);

    it('answers 204, and that session has ended and no other', async () => {
      const admin = await anAdmin(app);
      const person = await twice(app);

      const path = `/admin/users/${person.id}/sessions/${person.sessionId}`;
      await app.delete(path).auth(admin.token, auth).expect(204);

      await expectEnded(app, person);
      await expectAlive(app, person.second);
    });

    it('answers 404 session_not_found to one that has ended, that never was, or that is no id', async () => {
      const admin = await anAdmin(app);
      const { id, sessionId } = await signUp(app);
      const path = (session: string) => `/admin/users/${id}/sessions/${session}`;
      await app.delete(path(sessionId)).auth(admin.token, auth).expect(204);

      for (const session of [sessionId, '01980000-0000-7000-8000-00000000000a', 'x', '%00']) {
        const { body } = await app.delete(path(session)).auth(admin.token, auth).expect(404);
        expect(body.code).toBe('session_not_found');
      }
    });

    it('answers 404 session_not_found to the session of another user, which goes on', async () => {
      const admin = await anAdmin(app);
      const [person, other] = [await signUp(app), await signUp(app)];

      const path = `/admin/users/${person.id}/sessions/${other.sessionId}`;
      const { body } = await app.delete(path).auth(admin.token, auth).expect(404);

      expect(body.code).toBe('session_not_found');
      await expectAlive(app, other);
      await expectAlive(app, person);
    });
  });
});
