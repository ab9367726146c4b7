import { CLOCK_TOLERANCE_SECONDS } from '@latchkey/verifier/core';
import type { TestApp } from './app.ts';

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

/** Makes an API key of the owner of `token`. */
export async function makeKey(app: TestApp, token: string, wish: object = {}): Promise<MadeKey> {
  const { body } = await app
    .post('/api-keys')
    .auth(token, { type: 'bearer' })
    .send({ name: 'A key', ...wish })
    .expect(201);
  return { id: body.id, key: body.key };
}

/** Gives a user exactly these roles, as the routes for administrators do: older tokens are revoked. */
export async function setRoles(app: TestApp, userId: string, roles: readonly string[]): Promise<void> {
  const at = new Date(app.clock.now());
  const expiresAt = new Date(at.getTime() + 86_400_000 + CLOCK_TOLERANCE_SECONDS * 2000);
  await app.store.transaction(async ({ userRoles, revocations }) => {
    const notBefore = await userRoles.replace(userId, roles, at);
    await revocations.insert([{ kind: 'rights', subjectId: userId, notBefore, expiresAt }], at);
  });
  await app.follower.catchUp();
}

/** Runs `work` and tells what it asked the database. */
export async function queriesOf(app: TestApp, work: () => Promise<unknown>): Promise<string[]> {
  // Sequelize's types miss its options.
  const { options } = app.database.sequelize as unknown as { options: { logging: unknown } };
  const queries: string[] = [];
  options.logging = (sql: string) => queries.push(sql);
  try {
    await work();
  } finally {
    options.logging = false;
  }
  return queries;
}
