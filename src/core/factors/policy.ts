import type { Rights } from '../access/rights.store.ts';
import type { Authentication } from '../principal.ts';
import type { FactorMethod } from './factor.ts';

/** Of whom the operator requires a second factor: all users, or those with one of these roles. */
export type MfaRequired = 'off' | 'all' | readonly string[];

/** What a session allows. */
export interface SessionRights extends Pick<Rights, 'permissions' | 'roles' | 'versions'> {
  /** Whether it may do nothing but set up a second factor. Then it has neither roles nor permissions. */
  readonly isEnrolling: boolean;
}

/** What serves whatever the operator allows: what an account has already is not taken from it. */
const ALWAYS: readonly FactorMethod[] = ['totp', 'passkey', 'recovery_code'];

export type MfaPolicy = ReturnType<typeof createMfaPolicy>;

/** What the operator has decided about second factors. */
export function createMfaPolicy(required: MfaRequired, allowed: readonly FactorMethod[]) {
  /** Whether a user with these roles has to have a second factor. */
  function isRequiredOf(roles: readonly string[]): boolean {
    if (typeof required === 'string') return required === 'all';
    return roles.some((role) => required.includes(role));
  }

  /** What a user's rights come to in a session that is authenticated like this. */
  function rightsOf(
    { roles, permissions, versions, hasSecondFactor }: Rights,
    authentication: Authentication | null,
  ): SessionRights {
    const isEnrolling = !hasSecondFactor && isRequiredOf(roles) && !authentication?.methods.includes('mfa');
    return isEnrolling
      ? { roles: [], permissions: [], versions, isEnrolling }
      : { roles, permissions, versions, isEnrolling };
  }

  return {
    isOn: required !== 'off',
    /** Whether a sign-in may be completed by it. */
    serves: (method: FactorMethod) => ALWAYS.includes(method) || allowed.includes(method),
    allowsNewTotp: allowed.includes('totp'),
    isRequiredOf,
    rightsOf,
  };
}
