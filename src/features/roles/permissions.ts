import { confirmGranter, demandHeld, type Granter } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import { AppError } from '../../core/errors.ts';
import type { Caller } from '../../core/principal.ts';
import type { Revocation } from '../../core/sessions/ports.ts';
import { demandRemovablePermission } from './baseline.ts';
import type { Permission, RoleStores } from './ports.ts';
import { outdateTokens, type RoleDependencies } from './roles.ts';

export type Permissions = ReturnType<typeof createPermissions>;

export interface PermissionDependencies extends RoleDependencies {
  /** Whoever else than roles has a permission; nobody changes that before the end of the transaction. */
  readonly othersWith: (stores: RoleStores, permission: string) => Promise<OtherHolders>;
}

export interface OtherHolders {
  /** What each of them may do. */
  readonly holdings: readonly (readonly string[])[];
  /** Takes the permission from them, and records that. What it revokes. */
  readonly take: (caller: Caller) => Promise<Revocation[]>;
}

const MAX_LISTED_ROLES = 100;

/** What can be allowed. A new permission is nobody's; the role admin may give it to any role, itself included. */
export function createPermissions({ store, announce, clock, othersWith }: PermissionDependencies) {
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
    granter: Granter,
  ): Promise<Permission> {
    const permission = { name, description, createdAt: now() };
    await store.transaction(async (stores) => {
      const { caller } = await confirmGranter(stores, granter, permission.createdAt);
      await stores.permissions.insert(permission);
      await stores.ledger.append(entryOf('permission.created', caller, name), permission.createdAt);
    });
    return permission;
  }

  /**
   * Changes what people read of it and nothing that it allows, so tokens live on, and those of the service may be told too.
   * @throws AppError permission_not_found
   */
  function update(
    name: string,
    change: Pick<Permission, 'description'>,
    granter: Granter,
  ): Promise<Permission> {
    return store.transaction(async (stores) => {
      const { caller } = await confirmGranter(stores, granter, now());
      const before = await findIn(stores, name);
      await stores.permissions.describe(name, change.description);
      const details = { fields: Object.keys(change) };
      await stores.ledger.append(entryOf('permission.updated', caller, name, details), now());
      return { ...before, ...change };
    });
  }

  /**
   * Takes the permission away from every role and machine that has it, so whoever does it must hold all that those have.
   * @throws AppError permission_protected, permission_not_found, permission_in_use, insufficient_scope
   */
  async function remove(name: string, isForced: boolean, granter: Granter): Promise<void> {
    demandRemovablePermission(name);
    const revoked = await store.transaction(async (stores) => {
      const at = now();
      await stores.rights.lockRanks();
      const confirmed = await confirmGranter(stores, granter, at);
      await findIn(stores, name);
      const roles = await stores.roles.listWith(name);
      const others = await othersWith(stores, name);
      const holdings = [...roles.map(({ permissions }) => permissions), ...others.holdings];
      if (holdings.length > 0 && !isForced) throw new AppError('permission_in_use');
      demandHeld(confirmed, new Set(holdings.flat()));
      const outdated = roles.length === 0 ? [] : await outdateTokens(stores, roles, at);
      outdated.push(...(await others.take(granter.caller)));
      await stores.permissions.remove(name);
      for (const role of roles) {
        const details = { fields: ['permissions'], added: [], removed: [name] };
        await stores.ledger.append(entryOf('role.updated', granter.caller, role.name, details), at);
      }
      const details = { roles: roles.map((role) => role.name).slice(0, MAX_LISTED_ROLES), forced: isForced };
      await stores.ledger.append(entryOf('permission.deleted', granter.caller, name, details), at);
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
