import { createStore } from '../../src/db/store.ts';
import { createPasswordReset } from '../../src/features/password-reset/password-reset.ts';
import { resetStoresOf } from '../../src/features/password-reset/stores.ts';
import { OPERATOR } from './admins.ts';
import type { TestApp } from './app.ts';

/** The links of an app, for what is to be done without an administrator. */
export function passwordResetOf({ database, passwords, sessions, clock }: TestApp) {
  const store = createStore(database, resetStoresOf);
  return createPasswordReset({ store, passwords, sessions, clock, resetUrl: undefined });
}

/** A token with which a user may choose another password. */
export async function resetTokenOf(app: TestApp, userId: string): Promise<string> {
  return (await passwordResetOf(app).createLink(userId, OPERATOR)).token;
}
