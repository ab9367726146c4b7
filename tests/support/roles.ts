import { randomBytes } from 'node:crypto';
import type { TestApp } from './app.ts';
import { signUp } from './people.ts';

/** A name that no other role has. */
export function aRoleName(): string {
  return `role-${randomBytes(5).toString('hex')}`;
}

/** A unique permission. */
export function aPermissionName(): string {
  return `things-${randomBytes(5).toString('hex')}:do`;
}

/** Signs a person up, gives them these roles as well, and logs them in again. */
export async function signUpWith(app: TestApp, roles: readonly string[]) {
  const person = await signUp(app);
  await app.store.userRoles.add(person.id, roles);
  return { ...person, ...(await logIn(app, person)) };
}

/** A user with a role of their own that has these permissions, which are made where there are none. */
export async function signUpWhoMay(app: TestApp, permissions: readonly string[]) {
  const role = await makeRole(app, permissions);
  return { ...(await signUpWith(app, [role])), role };
}

/** A role made without a caller, so without checks. */
export async function makeRole(app: TestApp, permissions: readonly string[], name = aRoleName()) {
  await makePermissions(app, permissions);
  await app.store.roles.insert({ name, description: null, permissions }, new Date(app.clock.now()));
  return name;
}

export async function makePermissions(app: TestApp, names: readonly string[]): Promise<void> {
  const rows = names.map((name) => ({ name, description: null, createdAt: new Date(app.clock.now()) }));
  await app.models.permissions.bulkCreate(rows, { ignoreDuplicates: true });
}

export async function logIn(app: TestApp, { email, password }: { email: string; password: string }) {
  const { body } = await app.post('/login').send({ email, password }).expect(200);
  return { token: body.access_token as string, refreshToken: body.refresh_token as string };
}

/** The audit log's entries about a role or a permission; those of one moment in any order. */
export async function entriesAbout(app: TestApp, subjectId: string) {
  const entries = await app.store.audit.list({ subjectId }, 100, undefined);
  return entries.map(({ type, outcome, actor, details }) => ({ type, outcome, actor, details }));
}
