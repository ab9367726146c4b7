import { createResetByAdmin } from '../../src/features/password-reset/by-admin.ts';
import { OPERATOR } from './admins.ts';
import type { TestApp } from './app.ts';

/** The links of an app, for what is to be done without an administrator. */
export function passwordResetOf({ store, passwords, sessions, clock }: TestApp) {
  return createResetByAdmin({ store, passwords, sessions, clock, linkOf: (token) => token });
}

/** A token with which a user may choose another password. */
export async function resetTokenOf(app: TestApp, userId: string): Promise<string> {
  return (await passwordResetOf(app).createLink(userId, OPERATOR)).token;
}

/** How many ways to another password are open, for one user or in all. */
export async function openResets({ models }: TestApp, userId?: string): Promise<number> {
  const where = { purpose: 'password_reset', ...(userId !== undefined && { userId }) };
  const rows = await models.challenges.findAll({ where, raw: true });
  return rows.filter(({ latestOf }) => latestOf !== null).length;
}
