import type { Passwords } from '../../src/core/passwords/passwords.ts';
import { createPasswordLogin } from '../../src/features/password/login.ts';
import type { TestApp } from './app.ts';

/** The login of an app, with something put into its passwords. */
export function loginOf({ core }: TestApp, change: (passwords: Passwords) => Passwords) {
  return createPasswordLogin({ ...core, passwords: change(core.passwords) });
}
