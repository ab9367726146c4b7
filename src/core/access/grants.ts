import type { Request } from 'express';
import { claimsOf } from '../../http/authenticate.ts';
import { callerOf, insufficientScope, permissionsOf } from '../../http/caller.ts';
import { AppError } from '../errors.ts';
import type { Caller } from '../principal.ts';
import type { Holder, Holding, RightsStore } from '../sessions/ports.ts';

/** The role that may do everything in this service, and so give every permission to others. */
export const ADMIN_ROLE = 'admin';

/** Somebody who gives permissions to others, or takes them away, as their token says. */
export interface Granter {
  readonly caller: Caller;
  /** Who they are in the database; null for an operator, who can write to it anyway. */
  readonly holder: Holder | null;
  readonly holds: Holding;
}

/** The same, once the database has been asked as well. */
export interface ConfirmedGranter {
  readonly caller: Caller;
  /** What they may do has to be in each of them. */
  readonly holdings: readonly Holding[];
}

/** Who sends a request that is behind `authenticate`, and what its token allows. */
export function granterOf(req: Request): Granter {
  const claims = claimsOf(req);
  const caller = callerOf(req);
  const { sub, sid, client_id, api_key_id } = claims;
  // A key may allow less than the roles of its owner, so only its own permissions count.
  const roles = caller.actor.type === 'user' ? claims.roles : [];
  return {
    caller,
    holder:
      client_id === undefined
        ? { userId: sub, sessionId: sid ?? null, apiKeyId: api_key_id ?? null }
        : { clientId: client_id },
    holds: { roles, permissions: permissionsOf(claims) },
  };
}

/**
 * To be called first in the transaction that changes something: a token that is about to be revoked, since its owner was
 * disabled or has lost what it says, gives nothing. Until the end of the transaction they keep what they have.
 * @throws AppError token_revoked
 */
export async function confirmGranter(
  { rights }: { readonly rights: RightsStore },
  { caller, holder, holds }: Granter,
  at: Date,
): Promise<ConfirmedGranter> {
  if (holder === null) return { caller, holdings: [holds] };
  const current = await rights.lockHolding(holder, at);
  if (current === null) throw new AppError('token_revoked');
  return { caller, holdings: [holds, current] };
}

/**
 * Nobody gives more than they hold.
 * @throws AppError insufficient_scope, which names the first permission that is missing
 */
export function demandHeld({ holdings }: ConfirmedGranter, permissions: Iterable<string>): void {
  for (const { roles, permissions: held } of holdings) {
    if (roles.includes(ADMIN_ROLE)) continue;
    const missing = [...permissions].find((permission) => !held.includes(permission));
    if (missing !== undefined) {
      throw insufficientScope(missing, `Nobody gives or takes more than they hold: you lack ${missing}.`);
    }
  }
}

/**
 * The role admin is more than the permissions it has today, so nobody gives it or touches those who have it but one of
 * them.
 * @throws AppError insufficient_scope
 */
export function demandAdmin({ holdings }: ConfirmedGranter): void {
  if (holdings.every(({ roles }) => roles.includes(ADMIN_ROLE))) return;
  throw insufficientScope(undefined, `Nobody gives or takes more than they hold: you lack the role admin.`);
}

/** @throws AppError insufficient_scope where somebody with these roles and permissions may do more than the granter */
export function demandRank(granter: ConfirmedGranter, { roles, permissions }: Holding): void {
  demandHeld(granter, permissions);
  if (roles.includes(ADMIN_ROLE)) demandAdmin(granter);
}
