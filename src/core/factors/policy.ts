import type { Authentication } from '../principal.ts';
import { FACTOR_METHODS, type FactorMethod } from './factor.ts';

/** Of whom the operator requires a second factor: all users, or those with one of these roles. */
export type MfaRequired = 'off' | 'all' | readonly string[];

const ALWAYS: readonly FactorMethod[] = ['passkey', 'recovery_code'];

export type MfaPolicy = ReturnType<typeof createMfaPolicy>;

/** What the operator has decided about second factors. */
export function createMfaPolicy(required: MfaRequired, allowed: readonly FactorMethod[]) {
  /** In the order of preference. Passkeys always serve, and recovery codes stand in for any of the others. */
  const methods = FACTOR_METHODS.filter((method) => ALWAYS.includes(method) || allowed.includes(method));

  /** Whether a user with these roles has to have a second factor. */
  function isRequiredOf(roles: readonly string[]): boolean {
    if (typeof required === 'string') return required === 'all';
    return roles.some((role) => required.includes(role));
  }

  /** Whether a session may do nothing but set up a second factor. */
  function mustEnrol(
    { roles, hasSecondFactor }: { readonly roles: readonly string[]; readonly hasSecondFactor: boolean },
    authentication: Authentication | null,
  ): boolean {
    return !hasSecondFactor && isRequiredOf(roles) && !authentication?.methods.includes('mfa');
  }

  return {
    isOn: required !== 'off',
    methods,
    allows: (method: FactorMethod) => methods.includes(method),
    isRequiredOf,
    mustEnrol,
  };
}
