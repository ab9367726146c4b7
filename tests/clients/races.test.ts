import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import type { TestApp } from '../support/app.ts';
import { askForToken, makeClient, recorded, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { aPermissionName, makePermissions } from '../support/roles.ts';
import { useTwoApps } from '../support/two-apps.ts';

const ROUNDS = times(3, 10);
const REQUESTS = 12;

onEachDatabase((kind) => {
  describe('Two processes, one that changes a client and one that gives it tokens,', () => {
    const apps = useTwoApps(kind);

    const asAdmin = async () => ({
      token: (await anAdmin(apps.first)).token,
      as: { type: 'bearer' } as const,
    });

    /** Tokens that the client gets at both processes while `change` is under way. */
    async function tokensDuring(change: () => PromiseLike<unknown>, client: { id: string; secret: string }) {
      const asked = Array.from({ length: REQUESTS }, (_, index) =>
        askForToken(index % 2 ? apps.first : apps.second, client),
      );
      const [answers] = await Promise.all([Promise.all(asked), change()]);
      return answers.filter(({ status }) => status === 200).map(({ body }) => body);
    }

    async function statusAt(app: TestApp, token: string) {
      await app.follower.catchUp();
      return (await app.get('/verify').auth(token, { type: 'bearer' })).status;
    }

    it('leave no token that is good once the client is deleted', async () => {
      const { token, as } = await asAdmin();
      for (let round = 0; round < ROUNDS; round++) {
        const client = await makeClient(apps.first, {}, token);
        const tokens = await tokensDuring(
          () => apps.first.delete(`/admin/clients/${client.id}`).auth(token, as).expect(204),
          client,
        );

        for (const { access_token } of tokens) {
          expect(await statusAt(apps.first, access_token)).toBe(401);
          expect(await statusAt(apps.second, access_token)).toBe(401);
        }
        await askForToken(apps.second, client).expect(401);
      }
    });

    it('leave no good token with a scope that was taken away', async () => {
      const { token, as } = await asAdmin();
      for (let round = 0; round < ROUNDS; round++) {
        const client = await makeClient(apps.first, {}, token);
        const path = `/admin/clients/${client.id}`;
        const tokens = await tokensDuring(
          () => apps.first.patch(path).auth(token, as).send({ scope: 'clients:read' }).expect(200),
          client,
        );

        expect(tokens).toHaveLength(REQUESTS);
        for (const { access_token, scope } of tokens) {
          const expected = scope === 'clients:read' ? 200 : 401;
          expect(await statusAt(apps.first, access_token)).toBe(expected);
          expect(await statusAt(apps.second, access_token)).toBe(expected);
        }
      }
    });

    it('give a client whose scope changes many times at once the last of them, and tokens to match', async () => {
      const { token, as } = await asAdmin();
      const client = await makeClient(apps.first, {}, token);
      const scopes = ['clients:read', 'clients:list', 'clients:create', 'clients:delete'];

      const changes = await Promise.all(
        scopes.map((scope, index) =>
          (index % 2 ? apps.first : apps.second)
            .patch(`/admin/clients/${client.id}`)
            .auth(token, as)
            .send({ scope }),
        ),
      );

      expect(changes.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const { body } = await apps.first.get(`/admin/clients/${client.id}`).auth(token, as).expect(200);
      const { body: answer } = await askForToken(apps.second, client).expect(200);
      expect(answer.scope).toBe(body.scope);
      expect(scopes).toContain(body.scope);
      expect(await statusAt(apps.second, answer.access_token)).toBe(200);
    });

    it('answer neither twice with 204 nor with anything but 404 to many deletions at once', async () => {
      const { token, as } = await asAdmin();
      const client = await makeClient(apps.first, {}, token);

      const answers = await Promise.all(
        [apps.first, apps.second, apps.first, apps.second].map((app) =>
          app.delete(`/admin/clients/${client.id}`).auth(token, as),
        ),
      );

      expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404]);
    });
  });

  describe('A permission that is deleted', () => {
    const apps = useTwoApps(kind);

    it('is lost by every client that has it, and their older tokens are refused', async () => {
      const as = { type: 'bearer' } as const;
      const { first, second } = apps;
      const { token: adminToken } = await anAdmin(first);
      const permission = aPermissionName();
      await makePermissions(first, [permission]);
      const grants = { role: 'admin', permission };
      await first.models.rolePermissions.create(grants);
      const reporter = await anAdmin(first);
      const client = await makeClient(first, { scope: `${permission} clients:read` }, reporter.token);
      const other = await makeClient(first, { scope: 'clients:read' }, adminToken);
      const [token, otherToken] = [await tokenOf(second, client), await tokenOf(second, other)];
      await first.models.rolePermissions.destroy({ where: grants });
      const path = `/admin/permissions/${permission}`;

      const { body } = await first.delete(path).auth(adminToken, as).expect(409);
      expect(body.code).toBe('permission_in_use');
      const who = await userWho(first, ['permissions:delete']);
      await first.delete(`${path}?force=true`).auth(who.token, as).expect(403);
      await first.delete(`${path}?force=true`).auth(adminToken, as).expect(204);
      await second.follower.catchUp();

      const [updated] = await recorded(first, 'client.updated', client.id);
      expect(updated).toMatchObject({ actorType: 'user', details: { scope: 'clients:read' } });
      for (const app of [first, second]) {
        await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
        await app.get('/verify').auth(otherToken, { type: 'bearer' }).expect(200);
      }
      expect((await askForToken(first, client).expect(200)).body.scope).toBe('clients:read');
    });
  });
});
