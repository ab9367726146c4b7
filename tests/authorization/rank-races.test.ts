import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { signUp } from '../support/people.ts';

/** On SQLite transactions come one after the other in any case. */
const ROUNDS = { SQLite: 2, MySQL: times(4, 10) };
const auth = { type: 'bearer' } as const;

interface Target {
  readonly id: string;
  readonly sessionId: string;
  readonly keyId: string;
}

/** What a caller with this permission does to a user, and its entry in the audit log. */
const ACTS = [
  ['users:set-roles', 'put', '/roles', { roles: [] }, 'user.roles_changed'],
  ['users:disable', 'post', '/disable', undefined, 'user.disabled'],
  ['users:enable', 'post', '/enable', undefined, 'user.enabled'],
  ['users:delete', 'delete', '', undefined, 'user.deleted'],
  ['users:update', 'patch', '', { email_verified: true }, 'user.updated'],
  ['users:unlock', 'post', '/unlock', undefined, 'user.unlocked'],
  ['users:force-password-change', 'post', '/force-password-change', undefined, 'user.password_change_forced'],
  ['sessions:end', 'delete', '/sessions', undefined, 'session.ended'],
  ['api-keys:delete', 'delete', '/api-keys/:key', undefined, 'api_key.deleted'],
] as const;

onEachDatabase((kind) => {
  describe('A user who may do less than an administrator', () => {
    const app = useApp(kind);

    async function makeTarget(permission: string): Promise<Target> {
      const { id, token, sessionId } = await signUp(app);
      const { id: keyId } = await makeKey(app, token);
      if (permission === 'users:enable') await app.store.users.disable(id, new Date(app.clock.now()));
      const failedAt = new Date(app.clock.now());
      const counted = { failures: 1, recentFailures: 1, failedAt, previousFailedAt: null, waitsUntilMs: 0 };
      await app.models.loginFailures.create({ account: id, device: '', ...counted });
      return { id, sessionId, keyId };
    }

    /** The entries about the target and what it has, in the order in which they were made. */
    async function entriesOf(target: Target) {
      const { ledger } = app.models;
      const where = { subjectId: Object.values(target) };
      const rows = await ledger.findAll({ where, order: [['id', 'ASC']], raw: true });
      return rows.map(({ type, actorId }) => ({ type, actorId }));
    }

    it.each(ACTS)(
      'never wins a race of %s against a promotion',
      async (permission, method, rest, body, type) => {
        const admin = await anAdmin(app);
        const lesser = await userWho(app, [permission]);
        const outcomes = { wins: 0, before: 0, refused: 0 };
        for (let round = 0; round < ROUNDS[kind]; round++) {
          const target = await makeTarget(permission);
          const path = `/admin/users/${target.id}${rest.replace(':key', target.keyId)}`;
          const [promotion, act] = await Promise.all([
            app
              .put(`/admin/users/${target.id}/roles`)
              .auth(admin.token, auth)
              .send({ roles: ['admin'] }),
            app[method](path).auth(lesser.token, auth).send(body),
          ]);
          const entries = await entriesOf(target);
          const promotedAt = entries.findIndex((entry) => entry.actorId === admin.id);
          const actedAt = entries.findIndex((entry) => entry.type === type && entry.actorId === lesser.id);
          expect([200, 404]).toContain(promotion.status);
          if (act.status >= 300) expect(act.body.code).toBe('insufficient_scope');
          if (act.status >= 300) outcomes.refused++;
          else if (promotion.status === 200 && actedAt > promotedAt) outcomes.wins++;
          else outcomes.before++;
        }

        expect(outcomes).toMatchObject({ wins: 0 });
        expect(outcomes.before + outcomes.refused).toBe(ROUNDS[kind]);
      },
    );

    it.each([
      ['clients:update', 'patch', '', { name: 'Another' }, 'client.updated'],
      ['clients:delete', 'delete', '', undefined, 'client.deleted'],
      ['clients:add-secret', 'post', '/secrets', undefined, 'client.secret_added'],
      ['clients:remove-secret', 'delete', '/secrets/:secret', undefined, 'client.secret_removed'],
    ] as const)(
      'never wins a race of %s against a wider scope',
      async (permission, method, rest, body, type) => {
        const admin = await anAdmin(app);
        const lesser = await userWho(app, [permission]);
        const { ledger, clientSecrets } = app.models;
        let wins = 0;
        for (let round = 0; round < ROUNDS[kind]; round++) {
          const { id } = await makeClient(app, { scope: '' }, admin.token);
          const secret = await clientSecrets.findOne({ where: { clientId: id } });
          const path = `/admin/clients/${id}${rest.replace(':secret', secret?.id ?? '')}`;
          const [widening, act] = await Promise.all([
            app.patch(`/admin/clients/${id}`).auth(admin.token, auth).send({ scope: 'users:delete' }),
            app[method](path).auth(lesser.token, auth).send(body),
          ]);
          const rows = await ledger.findAll({ where: { subjectId: id }, order: [['id', 'ASC']], raw: true });
          const widenedAt = rows.findIndex(
            (row) => row.type === 'client.updated' && row.actorId === admin.id,
          );
          const actedAt = rows.findIndex((row) => row.type === type && row.actorId === lesser.id);
          expect([200, 404]).toContain(widening.status);
          if (act.status < 300 && widening.status === 200 && actedAt > widenedAt) wins++;
        }

        expect(wins).toBe(0);
      },
    );
  });
});
