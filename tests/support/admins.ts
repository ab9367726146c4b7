import { randomBytes } from 'node:crypto';
import { createAuditStore } from '../../src/core/audit/audit.store.ts';
import { createUserAdmin, type UserAdmin } from '../../src/features/users/users.ts';
import type { TestApp } from './app.ts';
import { claimsIn } from './claims.ts';
import { type Person, signUp } from './people.ts';

export type SignedUp = Awaited<ReturnType<typeof signUp>>;

/** Signs a user up who then logs in as an administrator. */
export async function anAdmin(app: TestApp, details: Partial<Person> = {}): Promise<SignedUp> {
  return withRole(app, await signUp(app, details), 'admin');
}

/** Signs a user up who then logs in with exactly these permissions, by a role of their own. */
export async function userWho(
  app: TestApp,
  permissions: readonly string[],
): Promise<SignedUp & { readonly role: string }> {
  const role = await aRole(app, permissions);
  return { ...(await withRole(app, await signUp(app), role)), role };
}

/** The name of a new role without users. */
export async function aRole(app: TestApp, permissions: readonly string[] = []): Promise<string> {
  const name = `role-${randomBytes(5).toString('hex')}`;
  const at = new Date(app.clock.now());
  const { roles, rolePermissions } = app.models;
  await roles.create({ name, description: null, version: at, createdAt: at, updatedAt: at });
  await rolePermissions.bulkCreate(permissions.map((permission) => ({ role: name, permission })));
  return name;
}

async function withRole(app: TestApp, person: SignedUp, role: string): Promise<SignedUp> {
  await app.store.userRoles.add(person.id, [role]);
  const { email, password } = person;
  const { body } = await app.post('/login').send({ email, password }).expect(200);
  return {
    ...person,
    token: body.access_token,
    refreshToken: body.refresh_token,
    sessionId: claimsIn(body.access_token).sid,
  };
}

/** Takes the role from everybody who has it, so that a test knows who the administrators are. */
export async function forgetAdmins(app: TestApp): Promise<void> {
  await app.models.userRoles.destroy({ where: { role: 'admin' } });
}

/** How many there are who are not disabled. */
export async function countAdmins(app: TestApp): Promise<number> {
  const { users, userRoles } = app.models;
  const rows = await userRoles.findAll({ where: { role: 'admin' }, raw: true });
  return users.count({ where: { id: rows.map(({ userId }) => userId), disabledAt: null } });
}

export { OPERATOR } from '../../src/core/principal.ts';

/** What administrators do, for what is to be done without one. */
export function userAdminOf({ store, passwords, sessions, clock }: TestApp): UserAdmin {
  return createUserAdmin({ store, passwords, sessions, clock });
}

/** The audit log of an app, to be read. */
export function ledgerOf(app: TestApp) {
  return createAuditStore(app.store.scope);
}
