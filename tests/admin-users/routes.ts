import type { Response } from 'supertest';
import type { TestApp } from '../support/app.ts';

/** The user that a request is about, and a session of theirs. */
export interface Target {
  readonly id: string;
  readonly sessionId: string;
}

export interface Route {
  readonly name: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: (target: Target) => string;
  readonly permission: string;
  /** What a good request sends. */
  readonly body?: object;
}

/** Routes that change the account of one user. */
export const CHANGES_OF_A_USER: readonly Route[] = [
  route('patch', '/admin/users/{id}', 'users:update', { name: 'Grace' }),
  route('delete', '/admin/users/{id}', 'users:delete'),
  route('post', '/admin/users/{id}/disable', 'users:disable'),
  route('post', '/admin/users/{id}/enable', 'users:enable'),
  route('post', '/admin/users/{id}/unlock', 'users:unlock'),
  route('post', '/admin/users/{id}/force-password-change', 'users:force-password-change'),
  route('post', '/admin/users/{id}/reset-link', 'users:reset-password'),
  route('delete', '/admin/users/{id}/factors', 'users:reset-factors'),
  route('put', '/admin/users/{id}/roles', 'users:set-roles', { roles: ['user'] }),
  route('delete', '/admin/users/{id}/sessions', 'sessions:end'),
  route('delete', '/admin/users/{id}/sessions/{session_id}', 'sessions:end'),
];

/** Routes about one user. */
export const ROUTES_OF_A_USER: readonly Route[] = [
  route('get', '/admin/users/{id}', 'users:read'),
  route('get', '/admin/users/{id}/sessions', 'sessions:list'),
  route('get', '/admin/users/{id}/api-keys', 'api-keys:list'),
  ...CHANGES_OF_A_USER,
];

/** About a key, which is another thing to the audit log and is not there for every user. */
export const KEY_REMOVAL = route('delete', '/admin/users/{id}/api-keys/{key_id}', 'api-keys:delete');

/** Every route below /admin/users but that of a key. */
export const ROUTES: readonly Route[] = [
  route('get', '/admin/users', 'users:list'),
  route('post', '/admin/users', 'users:create', { email: 'somebody.new@example.com' }),
  route('post', '/admin/users/import', 'users:import', { users: [{ email: 'imported@example.com' }] }),
  ...ROUTES_OF_A_USER,
];

function route(method: Route['method'], template: string, permission: string, body?: object): Route {
  return {
    name: `${method.toUpperCase()} ${template}`,
    method,
    path: ({ id, sessionId }) => template.replace('{id}', id).replace(/\{(session|key)_id\}/, sessionId),
    permission,
    ...(body && { body }),
  };
}

/** Sends a good request; without a token where none is given. */
export async function send(
  app: TestApp,
  { method, path, body }: Route,
  target: Target,
  token?: string,
): Promise<Response> {
  const request = app[method](path(target));
  if (token !== undefined) request.auth(token, { type: 'bearer' });
  return body === undefined ? request : request.send(body);
}

/** Refused for the lack of a permission, as RFC 6750 section 3.1 has it. */
export function challengeFor(permission: string): string {
  const description = 'The token does not allow this';
  return `Bearer realm="latchkey", error="insufficient_scope", error_description="${description}", scope="${permission}"`;
}
