import { PERMISSIONS, ROLES } from '../../../config/baseline.cjs';
import { AppError } from '../errors.ts';
import type { AuthenticatedPrincipal, Holding, PrincipalCaller } from '../principal.ts';
import type { CoreStores } from '../stores.ts';
import { assertScopeFits } from '../tokens/scope.ts';
import { insufficientScope } from './insufficient-scope.ts';

/** The role that may do everything in this service, and so give every permission to others. */
export const ADMIN_ROLE = 'admin';

/** An operator can write to the database anyway. */
const EVERYTHING: Holding = { roles: [ADMIN_ROLE], permissions: [] };

/** A caller who gives permissions to others, or takes them away, after the database has been asked about them. */
export interface Granter {
  readonly caller: PrincipalCaller;
  /** What the credential says they may do, and what the database says. What they give has to be in each. */
  readonly holdings: readonly Holding[];
}

/**
 * To be called first in the transaction that changes something: a credential that is about to be revoked, since its owner
 * was disabled or has lost what it says, gives nothing. Until the end of the transaction the caller keeps what they have.
 * @throws AppError token_revoked
 */
export async function confirmGranter(
  { rights }: Pick<CoreStores, 'rights'>,
  caller: PrincipalCaller,
  at: Date,
): Promise<Granter> {
  const { principal } = caller;
  if (principal.kind === 'operator') return { caller, holdings: [EVERYTHING] };
  const current = await rights.lockHolding(principal, at);
  if (current === null) throw new AppError('token_revoked');
  return { caller, holdings: [holdingOf(principal), current] };
}

/**
 * The same for a change to a user's account. It is refused to callers who may do less than the user: a changed email
 * address or a new password would let them take the account over. Until the end of the transaction the user is given
 * nothing more.
 * @throws AppError token_revoked, insufficient_scope that names what is missing, user_not_found
 */
export async function confirmGranterAbove(
  stores: CoreStores,
  caller: PrincipalCaller,
  userId: string,
  at: Date,
): Promise<Granter> {
  await stores.rights.lockRanks();
  const granter = await confirmGranter(stores, caller, at);
  if ((await stores.users.findById(userId)) === null) throw new AppError('user_not_found');
  requireRank(granter, await stores.rights.rightsOf(userId));
  return granter;
}

/**
 * Refuses to give or take more than the granter holds.
 * @throws AppError insufficient_scope, which names the first permission that is missing
 */
export function requireHeld({ holdings }: Granter, permissions: Iterable<string>): void {
  for (const { roles, permissions: held } of holdings) {
    if (roles.includes(ADMIN_ROLE)) continue;
    const missing = [...permissions].find((permission) => !held.includes(permission));
    if (missing !== undefined) {
      throw insufficientScope(missing, `You can give or take only what you hold: you lack ${missing}.`);
    }
  }
}

/**
 * The same where the role admin stands for no more than the permissions it has at present, as in an API key.
 * @throws AppError insufficient_scope, which names the first permission that is missing
 */
export function requireHeldByName({ holdings }: Granter, permissions: readonly string[]): void {
  const isHeld = (name: string) => holdings.every(({ permissions: held }) => held.includes(name));
  const missing = permissions.find((name) => !isHeld(name));
  if (missing !== undefined) throw insufficientScope(missing);
}

/**
 * The role admin is more than the permissions it has today, so only its holders may give it, or change other holders.
 * @throws AppError insufficient_scope
 */
export function requireAdmin({ holdings }: Granter): void {
  if (holdings.every(({ roles }) => roles.includes(ADMIN_ROLE))) return;
  throw insufficientScope(undefined, 'You can give or take only what you hold: you lack the role admin.');
}

/** @throws AppError insufficient_scope where a user with these roles and permissions may do more than the granter */
export function requireRank(granter: Granter, { roles, permissions }: Holding): void {
  requireHeld(granter, permissions);
  if (roles.includes(ADMIN_ROLE)) requireAdmin(granter);
}

/**
 * Refuses more than the granter holds or a token can carry. To be called in the transaction that grants,
 * after it has: then a change of one of these roles at the same moment has waited, or is waited for.
 * @throws AppError insufficient_scope that names what is missing, scope_too_large
 */
export async function assertRolesGrantable(
  { userRoles }: Pick<CoreStores, 'userRoles'>,
  granter: Granter,
  roles: readonly string[],
): Promise<void> {
  const permissions = await userRoles.permissionsOf(roles);
  assertScopeFits(permissions);
  requireRank(granter, { roles, permissions });
}

/**
 * Refuses a permission that is unknown or that the granter does not hold.
 * @throws AppError unknown_permission, insufficient_scope; both name the permission
 */
export async function assertPermissionsGrantable(
  { clients }: Pick<CoreStores, 'clients'>,
  granter: Granter,
  permissions: readonly string[],
): Promise<void> {
  if (permissions.length === 0) return;
  const [unknown] = await clients.unknownPermissions(permissions);
  if (unknown !== undefined) throw new AppError('unknown_permission', `There is no permission ${unknown}.`);
  requireHeld(granter, permissions);
}

/**
 * To be called in the transaction that takes an administrator away.
 * @throws AppError last_admin where no other active user has the role
 */
export async function requireOtherAdmin(
  { rights, userRoles }: Pick<CoreStores, 'rights' | 'userRoles'>,
  userId: string,
): Promise<void> {
  const { roles } = await rights.rightsOf(userId);
  if (!roles.includes(ADMIN_ROLE)) return;
  if ((await userRoles.countOthersWith(ADMIN_ROLE, userId)) === 0) throw new AppError('last_admin');
}

/** @throws AppError role_protected for a role without which the service does not work */
export function assertRoleRemovable(name: string): void {
  if (Object.hasOwn(ROLES, name)) throw new AppError('role_protected', `The role ${name} cannot be deleted.`);
}

/** @throws AppError role_protected where one of the service's own roles would lose what makes it one */
export function assertBaselineKept(role: string, permissions: readonly string[]): void {
  const baseline = Object.hasOwn(ROLES, role) ? ROLES[role]?.permissions : undefined;
  const missing = baseline?.find((permission) => !permissions.includes(permission));
  if (missing === undefined) return;
  throw new AppError('role_protected', `The role ${role} must keep the permission ${missing}.`);
}

/** @throws AppError permission_protected for a permission that guards a route of the service */
export function assertPermissionRemovable(name: string): void {
  if (Object.hasOwn(PERMISSIONS, name)) {
    throw new AppError('permission_protected', `The service itself asks for the permission ${name}.`);
  }
}

/** What a credential says. An API key may allow less than the roles of its owner, so only its permissions count. */
function holdingOf({ kind, roles, permissions }: AuthenticatedPrincipal): Holding {
  return { roles: kind === 'user' ? roles : [], permissions };
}
