import { makeKey } from '../support/api-keys.ts';
import type { TestApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aPermissionName, aRoleName, makePermissions, makeRole } from '../support/roles.ts';

/** Somebody who asks, and what they show. */
export interface Caller {
  /** Undefined for somebody who shows nothing. */
  readonly token?: string;
  /** Of the person behind the token. */
  readonly password?: string;
  readonly refreshToken?: string;
}

/** A request that nothing is wrong with but perhaps who sends it. */
export interface Asked {
  readonly path: string;
  readonly body?: object;
  readonly form?: Readonly<Record<string, string>>;
}

/** Makes what the endpoint is to be asked about, anew each time, and the request. */
type Ask = (app: TestApp, caller: Caller) => Promise<Asked> | Asked;

export const CALLERS = [
  'nobody',
  'a user',
  'an API key of a user',
  'a machine',
  'a machine that may do everything',
  'an administrator',
  'an administrator who has logged out',
] as const;

export type CallerKind = (typeof CALLERS)[number];

/** The statuses in the order of CALLERS. */
type Statuses = readonly [number, number, number, number, number, number, number];

const open = (status: number): Statuses => [status, status, status, status, status, status, status];
const ofPeople = (status: number): Statuses => [401, status, status, 403, 403, status, 401];
const ofLoggedIn = (status: number): Statuses => [401, status, 403, 403, 403, status, 401];
const ofAdministration = (status: number): Statuses => [401, 403, 403, 403, status, status, 401];

const at = (path: string) => () => ({ path });
const aUser = (rest: string, body?: object) => async (app: TestApp) => ({
  path: `/admin/users/${(await signUp(app)).id}${rest}`,
  ...(body && { body }),
});
const aClient = (rest: string, body?: object) => async (app: TestApp) => ({
  path: `/admin/clients/${(await makeClient(app)).id}${rest}`,
  ...(body && { body }),
});
const aRole = (body?: object) => async (app: TestApp) => ({
  path: `/admin/roles/${await makeRole(app, [])}`,
  ...(body && { body }),
});
const aPermission = (body?: object) => async (app: TestApp) => {
  const name = aPermissionName();
  await makePermissions(app, [name]);
  return { path: `/admin/permissions/${name}`, ...(body && { body }) };
};

/** A key of whoever asks; where they cannot make one, of somebody else. */
const aKey: Ask = async (app, { token }) => {
  const made = await app
    .post('/api-keys')
    .auth(token ?? 'none', { type: 'bearer' })
    .send({ name: 'A key' });
  const { id } = made.status === 201 ? made.body : await makeKey(app, (await signUp(app)).token);
  return { path: `/api-keys/${id}` };
};

/** Every operation of the service: what it answers to whom, and how it is asked. */
export const ENDPOINTS: Readonly<Record<string, readonly [Statuses, Ask]>> = {
  'POST /signup': [open(201), () => ({ path: '/signup', body: aPerson() })],
  'POST /login': [
    open(200),
    async (app) => {
      const { email, password } = await signUp(app);
      return { path: '/login', body: { email, password } };
    },
  ],
  'POST /refresh': [
    open(200),
    async (app) => ({ path: '/refresh', body: { refresh_token: (await signUp(app)).refreshToken } }),
  ],
  // Whoever has logged out already is told so once more. A key is no session.
  'POST /logout': [[401, 204, 403, 403, 403, 204, 204], at('/logout')],

  'GET /me': [ofPeople(200), at('/me')],
  'PATCH /me': [ofPeople(200), () => ({ path: '/me', body: { name: 'Grace' } })],
  'DELETE /me': [ofLoggedIn(204), (_app, { password = '' }) => ({ path: '/me', body: { password } })],
  'POST /me/password': [
    ofLoggedIn(204),
    (_app, { password = '' }) => ({
      path: '/me/password',
      body: { current_password: password, new_password: aPerson().password },
    }),
  ],
  'GET /me/activity': [ofPeople(200), at('/me/activity')],
  'GET /sessions': [ofPeople(200), at('/sessions')],
  'DELETE /sessions/{id}': [
    ofPeople(204),
    async (app, { token = '' }) => {
      const { body } = await app.get('/sessions').auth(token, { type: 'bearer' });
      const [session] = body.sessions ?? [await signUp(app)];
      return { path: `/sessions/${session.id}` };
    },
  ],

  'GET /api-keys': [ofLoggedIn(200), at('/api-keys')],
  'POST /api-keys': [ofLoggedIn(201), () => ({ path: '/api-keys', body: { name: 'A key' } })],
  'GET /api-keys/{id}': [ofLoggedIn(200), aKey],
  'DELETE /api-keys/{id}': [ofLoggedIn(204), aKey],

  'GET /admin/users': [ofAdministration(200), at('/admin/users')],
  'POST /admin/users': [
    ofAdministration(201),
    () => ({ path: '/admin/users', body: { email: aPerson().email } }),
  ],
  'POST /admin/users/import': [
    ofAdministration(200),
    () => ({ path: '/admin/users/import', body: { users: [{ email: aPerson().email }] } }),
  ],
  'GET /admin/users/{id}': [ofAdministration(200), aUser('')],
  'PATCH /admin/users/{id}': [ofAdministration(200), aUser('', { name: 'Grace' })],
  'DELETE /admin/users/{id}': [ofAdministration(204), aUser('')],
  'POST /admin/users/{id}/disable': [ofAdministration(200), aUser('/disable')],
  'POST /admin/users/{id}/enable': [ofAdministration(200), aUser('/enable')],
  'POST /admin/users/{id}/unlock': [ofAdministration(204), aUser('/unlock')],
  'POST /admin/users/{id}/force-password-change': [ofAdministration(200), aUser('/force-password-change')],
  'PUT /admin/users/{id}/roles': [ofAdministration(200), aUser('/roles', { roles: ['user'] })],
  'GET /admin/users/{id}/sessions': [ofAdministration(200), aUser('/sessions')],
  'DELETE /admin/users/{id}/sessions': [ofAdministration(204), aUser('/sessions')],
  'DELETE /admin/users/{id}/sessions/{session_id}': [
    ofAdministration(204),
    async (app) => {
      const { id, sessionId } = await signUp(app);
      return { path: `/admin/users/${id}/sessions/${sessionId}` };
    },
  ],

  'GET /admin/users/{id}/api-keys': [ofAdministration(200), aUser('/api-keys')],
  'DELETE /admin/users/{id}/api-keys/{key_id}': [
    ofAdministration(204),
    async (app) => {
      const { id, token } = await signUp(app);
      return { path: `/admin/users/${id}/api-keys/${(await makeKey(app, token)).id}` };
    },
  ],

  'GET /admin/roles': [ofAdministration(200), at('/admin/roles')],
  'POST /admin/roles': [
    ofAdministration(201),
    () => ({ path: '/admin/roles', body: { name: aRoleName(), permissions: ['users:read'] } }),
  ],
  'GET /admin/roles/{name}': [ofAdministration(200), aRole()],
  'PATCH /admin/roles/{name}': [ofAdministration(200), aRole({ permissions: ['users:read'] })],
  'DELETE /admin/roles/{name}': [ofAdministration(204), aRole()],
  'GET /admin/permissions': [ofAdministration(200), at('/admin/permissions')],
  'POST /admin/permissions': [
    ofAdministration(201),
    () => ({ path: '/admin/permissions', body: { name: aPermissionName() } }),
  ],
  'GET /admin/permissions/{name}': [ofAdministration(200), aPermission()],
  'PATCH /admin/permissions/{name}': [ofAdministration(200), aPermission({ description: 'For a test' })],
  'DELETE /admin/permissions/{name}': [ofAdministration(204), aPermission()],
  'GET /admin/audit': [ofAdministration(200), at('/admin/audit')],
  'GET /admin/clients': [ofAdministration(200), at('/admin/clients')],
  'POST /admin/clients': [
    ofAdministration(201),
    () => ({ path: '/admin/clients', body: { name: 'Nightly reports', scope: 'users:read' } }),
  ],
  'GET /admin/clients/{client_id}': [ofAdministration(200), aClient('')],
  'PATCH /admin/clients/{client_id}': [ofAdministration(200), aClient('', { name: 'Reports' })],
  'DELETE /admin/clients/{client_id}': [ofAdministration(204), aClient('')],
  'POST /admin/clients/{client_id}/secrets': [ofAdministration(201), aClient('/secrets')],
  'DELETE /admin/clients/{client_id}/secrets/{secret_id}': [
    ofAdministration(204),
    async (app) => {
      const { id } = await makeClient(app);
      const secret = await app.models.clientSecrets.findOne({ where: { clientId: id } });
      return { path: `/admin/clients/${id}/secrets/${secret?.id}` };
    },
  ],

  'GET /revocations': [ofAdministration(200), at('/revocations')],

  // A bearer token is no client: it is looked at before the form, and refused.
  'POST /oauth/token': [
    [200, 401, 401, 401, 401, 401, 401],
    async (app) => {
      const { id, secret } = await makeClient(app);
      return {
        path: '/oauth/token',
        form: { grant_type: 'client_credentials', client_id: id, client_secret: secret },
      };
    },
  ],
  'POST /oauth/introspect': [
    ofAdministration(200),
    () => ({ path: '/oauth/introspect', form: { token: 'x' } }),
  ],
  'POST /oauth/revoke': [
    [200, 401, 401, 401, 401, 401, 401],
    () => ({ path: '/oauth/revoke', form: { token: 'x' } }),
  ],

  'GET /verify': [[401, 200, 200, 200, 200, 200, 401], at('/verify')],
  'GET /.well-known/jwks.json': [open(200), at('/.well-known/jwks.json')],
  'GET /.well-known/oauth-authorization-server': [open(200), at('/.well-known/oauth-authorization-server')],
  'GET /healthz': [open(200), at('/healthz')],
  'GET /readyz': [open(200), at('/readyz')],
  'GET /openapi.json': [open(200), at('/openapi.json')],
  'GET /docs': [open(200), at('/docs')],
  'GET /docs/errors': [open(200), at('/docs/errors')],
};
