import { randomUUID } from 'node:crypto';
import type { Test } from 'supertest';
import { allRoutes } from '../../src/app.ts';
import type { RouteDescription } from '../../src/http/route.ts';
import { makeKey } from '../support/api-keys.ts';
import type { TestApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { makeClient } from '../support/clients.ts';
import {
  aPhone,
  codeFor,
  exchangeCodeOf,
  lockdownTokenOf,
  markVerified,
  messageTo,
  undoTokenOf,
} from '../support/codes.ts';
import { asPage, type Browser } from '../support/cookies.ts';
import { addTotp, codeOf, rememberDevice } from '../support/factors.ts';
import { anIdToken, type GoogleApp, linkGoogle } from '../support/google-app.ts';
import { aNewCredential, anAssertion, aPasskeyOwner } from '../support/passkeys.ts';
import { aPerson, signUp } from '../support/people.ts';
import { resetTokenOf } from '../support/reset-tokens.ts';
import { aPermissionName, aRoleName, makePermissions, makeRole } from '../support/roles.ts';
import { APP_PAGE } from '../support/social-browser.ts';

/** A caller, and the credential they show. */
export interface Caller {
  /** Undefined for a caller without a credential. */
  readonly token?: string;
  /** Of one whose session has a cookie. */
  readonly browser?: Browser;
  /** Of the person behind the token. */
  readonly password?: string;
  readonly refreshToken?: string;
}

/** A request that nothing is wrong with but perhaps who sends it. */
export interface Asked {
  readonly path: string;
  readonly body?: object;
  readonly form?: Readonly<Record<string, string>>;
  /** Of the same session, where it has just been raised. */
  readonly token?: string | undefined;
}

/** Makes what the endpoint is to be asked about, anew each time, and the request. */
type Ask = (app: GoogleApp, caller: Caller) => Promise<Asked> | Asked;

export const CALLERS = [
  'no credential',
  'a user',
  'an API key of a user',
  'a machine client',
  'a machine client with all permissions',
  'an administrator',
  'an administrator who has logged out',
  'a user with a cookie',
] as const;

export type CallerKind = (typeof CALLERS)[number];

/** The statuses in the order of CALLERS. */
type Statuses = readonly [number, number, number, number, number, number, number, number];

/** What each access means for each caller, where `status` is that of a request that nothing is wrong with. */
const STATUSES_OF: Readonly<Record<string, (status: number) => Statuses>> = {
  anyone: (status) => [status, status, status, status, status, status, status, status],
  bearer: (status) => [401, status, status, status, status, status, 401, status],
  user: (status) => [401, status, status, 403, 403, status, 401, status],
  session: (status) => [401, status, 403, 403, 403, status, 401, status],
  cookie: (status) => [401, 403, 403, 403, 403, 403, 401, status],
  permission: (status) => [401, 403, 403, 403, status, status, 401, 403],
};

/** The routes that look at credentials themselves. */
const OWN_STATUSES: Readonly<Record<string, Statuses>> = {
  // A user who has logged out already is told so once more. A key is no session.
  logout: [401, 204, 403, 403, 403, 204, 204, 204],
  // A bearer token is no client: it is looked at before the form, and refused.
  token: [200, 401, 401, 401, 401, 401, 401, 200],
  introspect: [401, 403, 403, 403, 200, 200, 401, 401],
  revoke: [200, 401, 401, 401, 401, 401, 401, 200],
};

const at =
  (path: string): Ask =>
  () => ({ path });
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

/** Shows the credential of a caller with a request. */
export function as(request: Test, { token, browser }: Caller): Test {
  if (token !== undefined) request.auth(token, { type: 'bearer' });
  return browser === undefined ? request : asPage(request, browser);
}

/** A key of the caller; where they cannot make one, of another user. */
const aKey: Ask = async (app, caller) => {
  const made = await as(app.post('/api-keys'), caller).send({ name: 'A key' });
  const { id } = made.status === 201 ? made.body : await makeKey(app, (await signUp(app)).token);
  return { path: `/api-keys/${id}` };
};

/** A code for a number that the caller wants; where they may not ask for one, that of another user. */
const aPhoneCode: Ask = async (app, caller) => {
  const phone = aPhone();
  const asked = await as(app.post('/me/phone'), caller).send({ phone });
  if (asked.status !== 202)
    return { path: '/me/phone/verify', body: { challenge_id: randomUUID(), code: '000000' } };
  const { code } = await messageTo(app, phone);
  return { path: '/me/phone/verify', body: { challenge_id: asked.body.challenge_id, code } };
};

/** The caller's account at Google; where they cannot link one, that of another user. With its tokens, where it came by a link. */
const anIdentity =
  (rest: string, byLink: boolean): Ask =>
  async (app, caller) => {
    const link = async (by: Caller) => {
      const ask = (path: string) => as(app.post(path), by);
      if (byLink) await linkGoogle(app, ask);
      else await ask('/me/identities/google').send(await anIdToken(app));
      const { body } = await as(app.get('/me/identities'), by);
      return body.identities?.at(-1)?.id as string | undefined;
    };
    const id = (await link(caller)) ?? (await link(await signUp(app)));
    return { path: `/me/identities/${id}${rest}` };
  };

/** What registers a passkey for the caller; where they cannot have one, for another user. */
const aRegistration = async (app: TestApp, caller: Caller) => {
  const asked = await as(app.post('/passkeys/registration/options'), caller);
  return aNewCredential(app, asked.status === 200 ? asked.body : undefined);
};

/** A passkey of the caller; where they cannot have one, of another user. */
const aPasskey =
  (body?: object): Ask =>
  async (app, caller) => {
    const made = await as(app.post('/passkeys/registration'), caller).send(await aRegistration(app, caller));
    const id = made.status === 201 ? made.body.passkey.id : (await aPasskeyOwner(app)).passkeyId;
    return { path: `/me/passkeys/${id}`, token: made.body.session?.access_token, ...(body && { body }) };
  };

/** A challenge of a user with an authenticator app, and a recovery code for it, which takes no time as the next code does. */
async function aChallenge(app: TestApp) {
  const { email, password, token } = await signUp(app);
  const { recoveryCodes } = await addTotp(app, token);
  await markVerified(app, email);
  const { body } = await app.post('/login').send({ email, password }).expect(403);
  return { challenge_token: body.challenge_token as string, code: recoveryCodes[0] };
}

/** An authenticator app of the caller that has been begun; where they cannot begin one, none. */
async function beginTotp(app: TestApp, caller: Caller): Promise<{ id: string; code: string }> {
  const { status, body } = await as(app.post('/me/factors/totp'), caller);
  if (status !== 201) return { id: randomUUID(), code: '000000' };
  return { id: body.factor_id, code: codeOf(app, body.secret) };
}

/** The same, confirmed. */
const aTotp =
  (pathOf: (id: string) => string, body?: object): Ask =>
  async (app, caller) => {
    const { id, code } = await beginTotp(app, caller);
    const confirmed = await as(app.post(`/me/factors/totp/${id}/confirm`), caller).send({ code });
    return { path: pathOf(id), token: confirmed.body.session?.access_token, ...(body && { body }) };
  };

/** A device of the caller on which no second factor is asked for; where they have no account, one of another user. */
const aRememberedDevice: Ask = async (app, { token, browser }) => {
  const subject = browser?.id ?? (token?.startsWith('eyJ') ? claimsIn(token).sub : undefined);
  const user = subject === undefined ? null : await app.store.users.findById(subject);
  const { id } = await rememberDevice(app, user?.id ?? (await signUp(app)).id);
  return { path: `/me/remembered-devices/${id}` };
};

/** How each route is asked, by its id, where it takes more than its path. */
const ASK: Readonly<Record<string, Ask>> = {
  signup: () => ({ path: '/signup', body: aPerson() }),
  login: async (app) => {
    const { email, password } = await signUp(app);
    return { path: '/login', body: { email, password } };
  },
  refresh: async (app) => ({ path: '/refresh', body: { refresh_token: (await signUp(app)).refreshToken } }),
  updateMe: () => ({ path: '/me', body: { name: 'Grace' } }),
  deleteMe: (_app, { password = '' }) => ({ path: '/me', body: { password } }),
  deleteMeByPost: (_app, { password = '' }) => ({ path: '/me/delete', body: { password } }),
  changePassword: (_app, { password = '' }) => ({
    path: '/me/password',
    body: { current_password: password, new_password: aPerson().password },
  }),
  reauthenticate: (_app, { password = '' }) => ({ path: '/me/reauthenticate', body: { password } }),
  resetPassword: async (app) => ({
    path: '/password/reset',
    body: { token: await resetTokenOf(app, (await signUp(app)).id), new_password: aPerson().password },
  }),
  forgotPassword: async (app) => ({ path: '/password/forgot', body: { email: (await signUp(app)).email } }),
  sendCode: async (app) => ({ path: '/otp', body: { email: (await signUp(app)).email } }),
  signInByCode: async (app) => {
    const { challengeId, code } = await codeFor(app, { email: (await signUp(app)).email });
    return { path: '/otp/verify', body: { challenge_id: challengeId, code } };
  },
  sendLink: async (app) => ({ path: '/login/link', body: { email: (await signUp(app)).email } }),
  exchangeCode: async (app) => ({
    path: '/login/exchange',
    body: { code: await exchangeCodeOf(app, (await signUp(app)).email) },
  }),
  verifyEmail: async (app) => {
    const { token } = await messageTo(app, (await signUp(app)).email);
    return { path: '/email/verify', body: { token } };
  },
  resendEmailVerification: async (app) => ({
    path: '/email/verify/resend',
    body: { email: (await signUp(app)).email },
  }),
  changeEmail: () => ({ path: '/me/email', body: { email: aPerson().email } }),
  undoEmailChange: async (app) => ({
    path: '/email/undo',
    body: { token: await undoTokenOf(app, await signUp(app), aPerson().email) },
  }),
  changePhone: () => ({ path: '/me/phone', body: { phone: aPhone() } }),
  verifyPhone: aPhoneCode,
  lockDown: async (app) => ({
    path: '/lockdown',
    body: { token: await lockdownTokenOf(app, (await signUp(app)).id) },
  }),
  endSession: async (app, caller) => {
    const { body } = await as(app.get('/sessions'), caller);
    const [session] = body.sessions ?? [await signUp(app)];
    return { path: `/sessions/${session.id}` };
  },
  signInByPasskey: async (app) => ({
    path: '/login/passkey',
    body: await anAssertion(app, (await aPasskeyOwner(app)).authenticator),
  }),
  registerPasskey: async (app, caller) => ({
    path: '/passkeys/registration',
    body: await aRegistration(app, caller),
  }),
  renamePasskey: aPasskey({ name: 'My phone' }),
  removePasskey: aPasskey(),
  logInByFactor: async (app) => ({
    path: '/login/factor',
    body: { ...(await aChallenge(app)), method: 'recovery_code' },
  }),
  sendFactorCode: async (app) => {
    const { challenge_token } = await aChallenge(app);
    return { path: '/login/factor/code', body: { challenge_token, method: 'email_code' } };
  },
  getFactorOptions: async (app) => {
    const { email, password } = await aPasskeyOwner(app);
    const { body } = await app.post('/login').send({ email, password }).expect(403);
    return { path: '/login/factor/options', body: { challenge_token: body.challenge_token } };
  },
  confirmTotp: async (app, caller) => {
    const { id, code } = await beginTotp(app, caller);
    return { path: `/me/factors/totp/${id}/confirm`, body: { code } };
  },
  renameTotp: aTotp((id) => `/me/factors/totp/${id}`, { name: 'My phone' }),
  removeTotp: aTotp((id) => `/me/factors/totp/${id}`),
  renewRecoveryCodes: aTotp(() => '/me/recovery-codes'),
  forgetDevice: aRememberedDevice,
  signInByProvider: () => ({ path: `/login/google?return_to=${APP_PAGE}` }),
  signInByIdToken: async (app) => ({ path: '/login/google/id-token', body: await anIdToken(app) }),
  linkIdentity: () => ({ path: '/me/identities/google', body: { return_to: APP_PAGE } }),
  removeIdentity: anIdentity('', false),
  getProviderToken: anIdentity('/token', true),
  createApiKey: () => ({ path: '/api-keys', body: { name: 'A key' } }),
  getApiKey: aKey,
  deleteApiKey: aKey,
  createUser: () => ({ path: '/admin/users', body: { email: aPerson().email } }),
  importUsers: () => ({ path: '/admin/users/import', body: { users: [{ email: aPerson().email }] } }),
  readUser: aUser(''),
  updateUser: aUser('', { name: 'Grace' }),
  deleteUser: aUser(''),
  disableUser: aUser('/disable'),
  enableUser: aUser('/enable'),
  unlockUser: aUser('/unlock'),
  forcePasswordChange: aUser('/force-password-change'),
  createResetLink: aUser('/reset-link'),
  resetFactors: aUser('/factors'),
  setRoles: aUser('/roles', { roles: ['user'] }),
  listUserSessions: aUser('/sessions'),
  endUserSessions: aUser('/sessions'),
  endUserSession: async (app) => {
    const { id, sessionId } = await signUp(app);
    return { path: `/admin/users/${id}/sessions/${sessionId}` };
  },
  listUserApiKeys: aUser('/api-keys'),
  deleteUserApiKey: async (app) => {
    const { id, token } = await signUp(app);
    return { path: `/admin/users/${id}/api-keys/${(await makeKey(app, token)).id}` };
  },
  createRole: () => ({ path: '/admin/roles', body: { name: aRoleName(), permissions: ['users:read'] } }),
  getRole: aRole(),
  updateRole: aRole({ permissions: ['users:read'] }),
  deleteRole: aRole(),
  createPermission: () => ({ path: '/admin/permissions', body: { name: aPermissionName() } }),
  getPermission: aPermission(),
  updatePermission: aPermission({ description: 'For a test' }),
  deletePermission: aPermission(),
  createClient: () => ({ path: '/admin/clients', body: { name: 'Nightly reports', scope: 'users:read' } }),
  readClient: aClient(''),
  updateClient: aClient('', { name: 'Reports' }),
  deleteClient: aClient(''),
  addClientSecret: aClient('/secrets'),
  removeClientSecret: async (app) => {
    const { id } = await makeClient(app);
    const secret = await app.models.clientSecrets.findOne({ where: { clientId: id } });
    return { path: `/admin/clients/${id}/secrets/${secret?.id}` };
  },
  token: async (app) => {
    const { id, secret } = await makeClient(app);
    return {
      path: '/oauth/token',
      form: { grant_type: 'client_credentials', client_id: id, client_secret: secret },
    };
  },
  introspect: () => ({ path: '/oauth/introspect', form: { token: 'x' } }),
  revoke: () => ({ path: '/oauth/revoke', form: { token: 'x' } }),
};

/** Every route of the API: what it answers to whom, and how it is asked. */
export const ENDPOINTS = allRoutes()
  .filter(({ tag }) => tag !== undefined)
  .map((route) => ({
    id: route.id,
    operation: `${methodOf(route)} ${route.path}`,
    method: methodOf(route).toLowerCase(),
    access: route.access,
    statuses: statusesOf(route),
    ask: ASK[route.id] ?? at(route.path),
  }));

function methodOf({ method }: RouteDescription): string {
  return method === 'ANY' ? 'GET' : method;
}

function statusesOf({ id, access, answers }: RouteDescription): Statuses {
  const [status = 0] = Object.keys(answers).map(Number);
  const statuses = OWN_STATUSES[id] ?? STATUSES_OF[access.kind]?.(status);
  if (statuses === undefined) throw new Error(`what ${id} answers to whom is not said`);
  return statuses;
}
