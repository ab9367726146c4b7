import type { Caller } from '../caller.ts';
import { AppError } from '../errors.ts';
import { insufficientScope } from '../http/caller.ts';
import type { ClientStores } from './ports.ts';

/** Who asks, and what they may do. */
export interface Administrator {
  readonly caller: Caller;
  readonly permissions: readonly string[];
}

/**
 * Nobody grants what is not there, or more than they hold.
 * @throws AppError unknown_permission, insufficient_scope; both name the permission
 */
export async function demandGrantable(
  stores: ClientStores,
  admin: Administrator,
  wanted: readonly string[],
): Promise<void> {
  if (wanted.length === 0) return;
  const [unknown] = await stores.clients.unknownPermissions(wanted);
  if (unknown !== undefined) throw new AppError('unknown_permission', `There is no permission ${unknown}.`);
  await demandHeld(stores, admin, wanted);
}

/**
 * By the token, and also by what its subject may do at this moment: the token may be a second old.
 * @throws AppError insufficient_scope that names what is missing
 */
export async function demandHeld(
  stores: ClientStores,
  { caller, permissions }: Administrator,
  needed: readonly string[],
): Promise<void> {
  demandAll(permissions, needed);
  const { type, id } = caller.actor;
  if (needed.length === 0 || id === null) return;
  if (type === 'user') demandAll((await stores.rights.rightsOf(id)).permissions, needed);
  if (type === 'client') demandAll((await stores.clients.find(id))?.permissions ?? [], needed);
}

function demandAll(held: readonly string[], needed: readonly string[]): void {
  const missing = needed.find((permission) => !held.includes(permission));
  if (missing !== undefined) throw insufficientScope(missing);
}
