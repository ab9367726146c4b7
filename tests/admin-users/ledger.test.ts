import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin, ledgerOf, OPERATOR, userAdminOf } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { failTimes } from '../support/guessing.ts';
import { aPerson, signUp } from '../support/people.ts';
import { CHANGES_OF_A_USER, ROUTES_OF_A_USER, send } from './routes.ts';

const auth = { type: 'bearer' } as const;

const RECORDED: Record<string, { type: string; details: object }> = {
  'users:update': { type: 'user.updated', details: { fields: ['name'] } },
  'users:delete': { type: 'user.deleted', details: {} },
  'users:disable': { type: 'user.disabled', details: {} },
  'users:enable': { type: 'user.enabled', details: {} },
  'users:unlock': { type: 'user.unlocked', details: {} },
  'users:force-password-change': { type: 'user.password_change_forced', details: {} },
  'users:reset-password': { type: 'reset_link.created', details: { expires_at: expect.any(String) } },
  'users:reset-factors': { type: 'factors.reset', details: {} },
  'users:set-roles': { type: 'user.roles_changed', details: { roles: ['user'] } },
  'sessions:end': { type: 'session.ended', details: { reason: 'ended_by_admin' } },
};

onEachDatabase((kind) => {
  describe('The audit log of what an administrator does', () => {
    const app = useApp(kind);

    it.each(CHANGES_OF_A_USER)('holds $name: who, to whom, in which request', async (route) => {
      const admin = await anAdmin(app);
      const target = await signUp(app);
      if (route.permission === 'users:enable') await userAdminOf(app).disable(target.id, OPERATOR);
      if (route.permission === 'users:unlock') await failTimes(app, 1, { email: target.email });

      const response = await send(app, route, target, admin.token);

      expect([200, 201, 204]).toContain(response.status);
      const entries = await ledgerOf(app).list({ actorId: admin.id, subjectId: target.id }, 50, undefined);
      const { type, details } = RECORDED[route.permission] ?? {};
      const sessions = type === 'session.ended' ? { sessions: [target.sessionId] } : {};
      expect(entries).toEqual([
        {
          id: expect.any(String),
          type,
          outcome: 'success',
          actor: { type: 'user', id: admin.id },
          subjectId: target.id,
          sessionId: admin.sessionId,
          ip: expect.any(String),
          userAgent: null,
          requestId: response.headers['x-request-id'],
          clientRequestId: null,
          details: { ...details, ...sessions },
          createdAt: new Date(app.clock.now()),
        },
      ]);
    });

    it('holds POST /admin/users, and the roles that were given', async () => {
      const admin = await anAdmin(app);
      const clientRequestId = randomUUID();

      const body = { email: aPerson().email, roles: ['user'] };
      const request = app.post('/admin/users').auth(admin.token, auth).set('X-Request-Id', clientRequestId);
      const { id } = (await request.send(body).expect(201)).body.user;

      const [entry] = await ledgerOf(app).list({ subjectId: id }, 50, undefined);
      expect(entry).toMatchObject({
        type: 'user.created',
        actor: { type: 'user', id: admin.id },
        clientRequestId,
        details: { roles: ['user'] },
      });
    });

    it('holds POST /admin/users/import, for each user who came in', async () => {
      const admin = await anAdmin(app);
      const clientRequestId = randomUUID();
      const users = [{ email: aPerson().email }, { email: aPerson().email }, { email: 'nobody' }];

      const request = app.post('/admin/users/import').auth(admin.token, auth);
      await request.set('X-Request-Id', clientRequestId).send({ users }).expect(200);

      const entries = await ledgerOf(app).list({ type: 'user.imported' }, 50, undefined);
      const imported = await app.models.users.findAll({
        where: { email: users.map(({ email }) => email) },
      });
      expect(entries.map(({ subjectId }) => subjectId).sort()).toEqual(imported.map(({ id }) => id).sort());
      for (const entry of entries) {
        expect(entry).toMatchObject({
          actor: { type: 'user', id: admin.id },
          clientRequestId,
          details: { roles: ['user'] },
        });
      }
    });

    it.each(['enable', 'unlock'])(
      'does not hold %s of a user who is neither disabled nor locked',
      async (what) => {
        const admin = await anAdmin(app);
        const target = await signUp(app);

        await app.post(`/admin/users/${target.id}/${what}`).auth(admin.token, auth);

        expect(await ledgerOf(app).list({ actorId: admin.id, subjectId: target.id }, 50, undefined)).toEqual(
          [],
        );
      },
    );

    it.each(ROUTES_OF_A_USER.filter(({ method }) => method === 'get'))(
      'does not hold $name, which changes nothing',
      async (route) => {
        const admin = await anAdmin(app);
        const target = await signUp(app);

        await send(app, route, target, admin.token);

        expect(await ledgerOf(app).list({ actorId: admin.id, subjectId: target.id }, 50, undefined)).toEqual(
          [],
        );
      },
    );

    it('does not hold a change that failed on its way', async () => {
      const admin = await anAdmin(app);
      const [taken, target] = [await signUp(app), await signUp(app)];

      const change = { email: taken.email };
      await app.patch(`/admin/users/${target.id}`).auth(admin.token, auth).send(change).expect(409);

      expect(await ledgerOf(app).list({ actorId: admin.id, subjectId: target.id }, 50, undefined)).toEqual(
        [],
      );
    });
  });
});
