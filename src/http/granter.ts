import type { Request } from 'express';
import type { Caller } from '../caller.ts';
import type { RightsStore } from '../sessions/ports.ts';
import { claimsOf } from './authenticate.ts';
import { callerOf, insufficientScope, permissionsOf } from './caller.ts';

/** The role that may do everything in this service, and so give every permission to others. */
export const ADMIN_ROLE = 'admin';

/** Somebody who gives permissions to others, or takes them away. */
export interface Granter {
  readonly caller: Caller;
  /** The user that the request is from, with a session or with an API key; a machine is none. */
  readonly userId: string | null;
  readonly holds: Holding;
}

/** What somebody may do, by their token or by the database. */
interface Holding {
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** Who sends a request that is behind `authenticate`, and what its token allows. */
export function granterOf(req: Request): Granter {
  const claims = claimsOf(req);
  const caller = callerOf(req);
  // A key may allow less than the roles of its owner, so only its own permissions count.
  const roles = caller.actor.type === 'user' ? claims.roles : [];
  return {
    caller,
    userId: claims.client_id === undefined ? claims.sub : null,
    holds: { roles, permissions: permissionsOf(claims) },
  };
}

/**
 * Nobody gives more than they hold. To be called in the transaction that gives: a user must hold it by their token and
 * by the database, so that a token which is about to be revoked gives nothing.
 * @throws AppError insufficient_scope, which names the first permission that is missing
 */
export async function demandHeld(
  { rights }: { readonly rights: RightsStore },
  { userId, holds }: Granter,
  permissions: Iterable<string>,
): Promise<void> {
  const wanted = [...permissions];
  demandIn(holds, wanted);
  if (userId !== null) demandIn(await rights.rightsOf(userId), wanted);
}

function demandIn({ roles, permissions }: Holding, wanted: readonly string[]): void {
  if (roles.includes(ADMIN_ROLE)) return;
  const held = new Set(permissions);
  const missing = wanted.find((permission) => !held.has(permission));
  if (missing !== undefined) {
    throw insufficientScope(missing, `Nobody gives or takes more than they hold: you lack ${missing}.`);
  }
}
