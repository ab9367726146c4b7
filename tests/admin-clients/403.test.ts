import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient, tokenOf } from '../support/clients.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const ID = '01a1f739-6923-7248-88fc-19260e07eec4';

const ROUTES = [
  ['get', '/admin/clients', 'clients:list'],
  ['post', '/admin/clients', 'clients:create'],
  ['get', `/admin/clients/${ID}`, 'clients:read'],
  ['patch', `/admin/clients/${ID}`, 'clients:update'],
  ['delete', `/admin/clients/${ID}`, 'clients:delete'],
  ['post', `/admin/clients/${ID}/secrets`, 'clients:add-secret'],
  ['delete', `/admin/clients/${ID}/secrets/${ID}`, 'clients:remove-secret'],
] as const;

const PERMISSIONS = ROUTES.map(([, , permission]) => permission);

onOneDatabase((kind) => {
  describe('Each route below /admin/clients', () => {
    const app = useApp(kind);

    it.each(ROUTES)(
      'answers %s %s with 403 to a caller that may do all but %s',
      async (method, path, permission) => {
        const { token } = await userWho(
          app,
          PERMISSIONS.filter((other) => other !== permission),
        );

        const response = await app[method](path).auth(token, { type: 'bearer' }).expect(403);

        expect(response.body.code).toBe('insufficient_scope');
        expect(response.headers['www-authenticate']).toContain(`scope="${permission}"`);
      },
    );

    it.each(ROUTES)(
      'answers %s %s to a caller that may do nothing but %s',
      async (method, path, permission) => {
        const { token } = await userWho(app, [permission]);

        const { status } = await app[method](path).auth(token, { type: 'bearer' });

        expect(status).not.toBe(403);
      },
    );

    it.each(ROUTES)(
      'answers %s %s with 401 without a token and 403 to an ordinary user',
      async (method, path, _permission) => {
        const { token } = await signUp(app);

        await app[method](path).expect(401);
        await app[method](path).auth(token, { type: 'bearer' }).expect(403);
      },
    );
  });
});

onEachDatabase((kind) => {
  describe('A grant to a client of more than the granter holds', () => {
    const app = useApp(kind);

    function expectNamed(response: { body: { code: string; detail: string } }, permission: string) {
      expect(response.body.code).toBe('insufficient_scope');
      expect(response.body.detail).toContain(permission);
    }

    it('POST /admin/clients answers 403 that names what is missing, and makes none', async () => {
      const { token } = await userWho(app, ['clients:create', 'users:read']);
      const before = await app.models.clients.count();

      const response = await app
        .post('/admin/clients')
        .auth(token, { type: 'bearer' })
        .send({ name: 'One', scope: 'users:delete users:read' })
        .expect(403);

      expectNamed(response, 'users:delete');
      expect(await app.models.clients.count()).toBe(before);
      await makeClient(app, { scope: 'users:read' }, token);
    });

    it('refuses a token that is narrower than its user', async () => {
      const maker = await makeClient(app, { scope: 'clients:create clients:read' });
      const narrow = await tokenOf(app, maker, { scope: 'clients:create' });

      const response = await app
        .post('/admin/clients')
        .auth(narrow, { type: 'bearer' })
        .send({ name: 'One', scope: 'clients:read' })
        .expect(403);

      expectNamed(response, 'clients:read');
    });

    it('refuses a token that is older than what was taken away', async () => {
      const creator = await userWho(app, ['clients:create', 'users:read']);
      // In another process, a moment ago.
      const where = { role: creator.role, permission: 'users:read' };
      await app.models.rolePermissions.destroy({ where });

      const response = await app
        .post('/admin/clients')
        .auth(creator.token, { type: 'bearer' })
        .send({ name: 'One', scope: 'users:read' })
        .expect(403);

      expectNamed(response, 'users:read');
    });

    it('PATCH answers 403 to a wider scope, and takes a narrower one', async () => {
      const client = await makeClient(app, { scope: 'users:read users:list' });
      const { token } = await userWho(app, ['clients:update', 'users:read', 'users:list']);
      const change = (body: object) =>
        app.patch(`/admin/clients/${client.id}`).auth(token, { type: 'bearer' }).send(body);

      expectNamed(await change({ scope: 'users:read users:list users:delete' }).expect(403), 'users:delete');
      const { body } = await change({ scope: 'users:read' }).expect(200);

      expect(body.scope).toBe('users:read');
    });

    it.each([
      ['PATCH of its name', 'clients:update', 'patch', '', { name: 'Another' }],
      ['PATCH of its end, to later', 'clients:update', 'patch', '', { expires_at: null }],
      ['PATCH of its end, to earlier', 'clients:update', 'patch', '', { expires_at: '2998-01-01T00:00:00Z' }],
      ['PATCH of its scope', 'clients:update', 'patch', '', { scope: '' }],
      ['DELETE', 'clients:delete', 'delete', '', undefined],
      ['POST of a secret', 'clients:add-secret', 'post', '/secrets', undefined],
      ['DELETE of a secret', 'clients:remove-secret', 'delete', '/secrets/:secret', undefined],
    ] as const)('%s answers 403 where the client may do more, and changes nothing', async (...row) => {
      const [, permission, method, rest, sent] = row;
      const client = await makeClient(app, { scope: 'users:delete', expires_at: '2999-01-01T00:00:00Z' });
      const { token } = await userWho(app, [permission, 'users:read']);
      const before = await app.store.clients.find(client.id);
      const path = `/admin/clients/${client.id}${rest.replace(':secret', before?.secrets[0]?.id ?? '')}`;

      expectNamed(
        await app[method](path).auth(token, { type: 'bearer' }).send(sent).expect(403),
        'users:delete',
      );

      expect(await app.store.clients.find(client.id)).toEqual(before);
    });
  });

  describe('The token of a machine client', () => {
    const app = useApp(kind);

    it.each([
      ['get', '/me'],
      ['patch', '/me'],
      ['delete', '/me'],
      ['post', '/me/password'],
      ['get', '/sessions'],
      ['delete', `/sessions/${ID}`],
      ['post', '/logout'],
      ['post', '/logout?scope=global'],
    ] as const)('gets 403 user_required from %s %s', async (method, path) => {
      const token = await tokenOf(app, await makeClient(app));
      const bodies: Record<string, object> = {
        '/me': method === 'delete' ? { password: 'any' } : { name: 'any' },
        '/me/password': { current_password: 'any', new_password: 'any other' },
      };

      const { body } = await app[method](path)
        .auth(token, { type: 'bearer' })
        .send(method === 'get' ? undefined : (bodies[path] ?? {}))
        .expect(403);

      expect(body.code).toBe('user_required');
    });

    it('is good for what it allows, and for nothing else', async () => {
      const { token: adminToken } = await anAdmin(app);
      const client = await makeClient(app, { scope: 'clients:read' }, adminToken);
      const token = (await askForToken(app, client).expect(200)).body.access_token;

      await app.get(`/admin/clients/${client.id}`).auth(token, { type: 'bearer' }).expect(200);
      await app.get('/admin/clients').auth(token, { type: 'bearer' }).expect(403);
    });
  });
});
