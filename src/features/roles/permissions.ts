import { assertPermissionRemovable, confirmGranter, requireHeld } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import { AppError } from '../../core/errors.ts';
import type { Emit } from '../../core/events.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { Permission } from './role.ts';
import { outdateTokens, type RoleDependencies } from './roles.ts';
import type { RoleStores } from './stores.ts';

export type Permissions = ReturnType<typeof createPermissions>;

export interface PermissionDependencies extends RoleDependencies {
  readonly emit: Emit;
}

const MAX_LISTED_ROLES = 100;

/** The catalogue of permissions. No role has a new one; the role admin may give it to any, itself included. */
export function createPermissions({ store, announce, clock, emit }: PermissionDependencies) {
  const now = () => new Date(clock.now());

  function list(limit: number, after: string | undefined): Promise<Permission[]> {
    return store.permissions.list(limit, after);
  }

  /** @throws AppError permission_not_found */
  function get(name: string): Promise<Permission> {
    return findIn(store, name);
  }

  /** @throws AppError permission_taken */
  async function create(
    { name, description }: Omit<Permission, 'createdAt'>,
    caller: PrincipalCaller,
  ): Promise<Permission> {
    const permission = { name, description, createdAt: now() };
    await store.transaction(async (stores) => {
      await confirmGranter(stores, caller, permission.createdAt);
      await stores.permissions.insert(permission);
      await stores.audit.append(entryOf('permission.created', caller, name), permission.createdAt);
    });
    return permission;
  }

  /**
   * Changes the description and nothing that it allows, so tokens live on, also for the service's own permissions.
   * @throws AppError permission_not_found
   */
  function update(
    name: string,
    change: Pick<Permission, 'description'>,
    caller: PrincipalCaller,
  ): Promise<Permission> {
    return store.transaction(async (stores) => {
      await confirmGranter(stores, caller, now());
      const before = await findIn(stores, name);
      await stores.permissions.describe(name, change.description);
      const details = { fields: Object.keys(change) };
      await stores.audit.append(entryOf('permission.updated', caller, name, details), now());
      return { ...before, ...change };
    });
  }

  /**
   * Takes the permission away from every role and client that has it, so the caller must hold all that those have.
   * @throws AppError permission_protected, permission_not_found, permission_in_use, insufficient_scope
   */
  async function remove(name: string, isForced: boolean, caller: PrincipalCaller): Promise<void> {
    assertPermissionRemovable(name);
    const revoked = await store.transaction(async (stores) => {
      const at = now();
      await stores.rights.lockRanks();
      const granter = await confirmGranter(stores, caller, at);
      await findIn(stores, name);
      const roles = await stores.roles.listWith(name);
      function requireTakeable(permissions: readonly string[]): void {
        if (!isForced) throw new AppError('permission_in_use');
        requireHeld(granter, permissions);
      }
      if (roles.length > 0) requireTakeable(roles.flatMap((role) => role.permissions));
      const outdated = roles.length === 0 ? [] : await outdateTokens(stores, roles, at);
      outdated.push(...(await emit('permission.deleted', { name, caller, requireTakeable }, stores)));
      await stores.permissions.remove(name);
      for (const role of roles) {
        const details = { fields: ['permissions'], added: [], removed: [name] };
        await stores.audit.append(entryOf('role.updated', caller, role.name, details), at);
      }
      const details = { roles: roles.map((role) => role.name).slice(0, MAX_LISTED_ROLES), forced: isForced };
      await stores.audit.append(entryOf('permission.deleted', caller, name, details), at);
      return outdated;
    });
    announce(revoked);
  }

  return { list, get, create, update, remove };
}

async function findIn({ permissions }: Pick<RoleStores, 'permissions'>, name: string): Promise<Permission> {
  const permission = await permissions.find(name);
  if (permission === null) throw new AppError('permission_not_found');
  return permission;
}
