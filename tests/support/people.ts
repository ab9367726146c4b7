import { randomBytes } from 'node:crypto';
import type { TestApp } from './app.ts';
import { CANARY } from './logs.ts';

export interface Person {
  readonly email: string;
  readonly password: string;
  readonly username?: string;
  readonly name?: string;
}

/** A sign-up body that nobody else uses; tests name only the member they are about. */
export function aPerson(details: Partial<Person> = {}): Person {
  const unique = randomBytes(5).toString('hex');
  return { email: `person-${unique}@example.com`, password: `${CANARY} ${unique} staple`, ...details };
}

/** A username that nobody else has. */
export function aUsername(): string {
  return `user_${randomBytes(5).toString('hex')}`;
}

/** Signs a person up and returns them with their id, their tokens and the id of their session. */
export async function signUp(app: TestApp, details: Partial<Person> = {}) {
  const person = aPerson(details);
  const response = await app.post('/signup').send(person).expect(201);
  const token = response.body.access_token as string;
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return {
    ...person,
    id: response.body.user.id as string,
    token,
    refreshToken: response.body.refresh_token as string,
    sessionId: sid as string,
  };
}

/** Signs a person up, makes them an administrator, and returns their id and a token that says so. */
export function signUpAdmin(app: TestApp) {
  return signUpAs(app, 'admin');
}

/** The same with a role that nobody else has and that may do exactly this. */
export async function signUpWith(app: TestApp, permissions: readonly string[]) {
  const role = `role-${randomBytes(5).toString('hex')}`;
  const at = new Date(app.clock.now());
  const { roles, rolePermissions } = app.database.models;
  await roles.create({ name: role, description: null, version: at, createdAt: at, updatedAt: at });
  await rolePermissions.bulkCreate(permissions.map((permission) => ({ role, permission })));
  return { ...(await signUpAs(app, role)), role };
}

async function signUpAs(app: TestApp, role: string) {
  const { id, email, password } = await signUp(app);
  await app.store.userRoles.add(id, [role]);
  const { body } = await app.post('/login').send({ email, password }).expect(200);
  return { id, token: body.access_token as string, refreshToken: body.refresh_token as string };
}
