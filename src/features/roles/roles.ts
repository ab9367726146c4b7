import {
  assertBaselineKept,
  assertRoleRemovable,
  confirmGranter,
  requireHeld,
} from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { Announce, Revocation } from '../../core/revocation/revocation.ts';
import { revocationOf } from '../../core/sessions/ending.ts';
import { assertScopeFits, MAX_SCOPE_BYTES, scopeTooLarge } from '../../core/tokens/scope.ts';
import type { Store } from '../../db/store.ts';
import type { NewRole, Role, RoleChange } from './role.ts';
import type { RoleStores } from './stores.ts';

export interface RoleDependencies {
  readonly store: Store<RoleStores>;
  readonly announce: Announce;
  readonly clock: Pick<Clock, 'now'>;
}

export type Roles = ReturnType<typeof createRoles>;

/** This many users lose a role within the time of one transaction. */
const MAX_USERS_AT_ONCE = 5_000;

/** The roles and their permissions. A caller who changes a role must hold all that it has, before and afterwards. */
export function createRoles({ store, announce, clock }: RoleDependencies) {
  const now = () => new Date(clock.now());

  function list(limit: number, after: string | undefined): Promise<Role[]> {
    return store.roles.list(limit, after);
  }

  /** @throws AppError role_not_found */
  function get(name: string): Promise<Role> {
    return findIn(store, name);
  }

  /** @throws AppError scope_too_large, insufficient_scope, role_taken, unknown_permission */
  async function create(role: NewRole, caller: PrincipalCaller): Promise<Role> {
    const { name, permissions } = role;
    assertScopeFits(permissions);
    return store.transaction(async (stores) => {
      const at = now();
      await stores.rights.lockRanks();
      requireHeld(await confirmGranter(stores, caller, at), permissions);
      const created = await stores.roles.insert(role, at);
      await stores.audit.append(entryOf('role.created', caller, name, { permissions }), at);
      return created;
    });
  }

  /**
   * Where the permissions change, access tokens with the former ones are refused; the sessions refresh into the new ones.
   * @throws AppError scope_too_large, role_protected, role_not_found, insufficient_scope, unknown_permission
   */
  async function update(name: string, change: RoleChange, caller: PrincipalCaller): Promise<Role> {
    const { description, permissions } = change;
    if (permissions !== undefined) {
      assertScopeFits(permissions);
      assertBaselineKept(name, permissions);
    }
    const { role, revoked } = await store.transaction(async (stores) => {
      const at = now();
      await stores.rights.lockRanks();
      const before = await findIn(stores, name);
      const granter = await confirmGranter(stores, caller, at);
      requireHeld(granter, [...before.permissions, ...(permissions ?? [])]);
      if (description !== undefined) await stores.roles.describe(name, description, at);
      const changed =
        permissions === undefined ? [] : await changePermissions(stores, before, permissions, at);
      const details = { fields: Object.keys(change), ...difference(before.permissions, permissions) };
      await stores.audit.append(entryOf('role.updated', caller, name, details), at);
      return { role: await findIn(stores, name), revoked: changed };
    });
    announce(revoked);
    return role;
  }

  async function changePermissions(
    stores: RoleStores,
    role: Role,
    permissions: readonly string[],
    at: Date,
  ): Promise<Revocation[]> {
    const { added, removed } = difference(role.permissions, permissions);
    if (added.length + removed.length === 0) return [];
    await stores.roles.setPermissions(role, permissions);
    const revoked = await outdateTokens(stores, [role], at);
    if (added.length > 0 && (await stores.roles.hasUserBeyond(role.name, MAX_SCOPE_BYTES))) {
      throw scopeTooLarge(`Some user of ${role.name} would have more permissions than fit`);
    }
    return revoked;
  }

  /** @throws AppError role_protected, role_not_found, insufficient_scope, role_in_use */
  async function remove(name: string, isForced: boolean, caller: PrincipalCaller): Promise<void> {
    assertRoleRemovable(name);
    const isLarge = isForced && (await store.roles.hasMoreUsersThan(name, MAX_USERS_AT_ONCE));
    announce(await store.transaction((stores) => beginRemoval(stores, name, isForced, isLarge, caller)));
    if (!isLarge) return;
    // No transaction may take that long. A role without permissions may lose its users bit by bit.
    await store.roles.takeFromAll(name);
    announce(await store.transaction((stores) => finishRemoval(stores, name)));
  }

  /** Removes the role; a large one just loses its permissions. Checks and records the deletion of both. */
  async function beginRemoval(
    stores: RoleStores,
    name: string,
    isForced: boolean,
    isLarge: boolean,
    caller: PrincipalCaller,
  ): Promise<Revocation[]> {
    const at = now();
    await stores.rights.lockRanks();
    const granter = await confirmGranter(stores, caller, at);
    const role = await findIn(stores, name);
    requireHeld(granter, role.permissions);
    if (!isForced && (await stores.roles.hasMoreUsersThan(name, 0))) throw new AppError('role_in_use');
    const outdated = await outdateTokens(stores, [role], at);
    await (isLarge ? stores.roles.setPermissions(role, []) : stores.roles.remove(name));
    const details = { permissions: role.permissions, forced: isForced };
    await stores.audit.append(entryOf('role.deleted', caller, name, details), at);
    return outdated;
  }

  /** Also ends what users got where the role was given permissions again meanwhile. */
  async function finishRemoval(stores: RoleStores, name: string): Promise<Revocation[]> {
    await stores.rights.lockRanks();
    const role = await stores.roles.find(name);
    if (role === null) return [];
    const outdated = await outdateTokens(stores, [role], now());
    await stores.roles.remove(name);
    return outdated;
  }

  return { list, get, create, update, remove };
}

/** Ends, at the commit, all tokens that were made before with one of these roles. `announce` the result after it. */
export async function outdateTokens(
  { roles: stored, revocations }: RoleStores,
  roles: readonly Role[],
  at: Date,
): Promise<Revocation[]> {
  const version = await stored.raiseVersions(roles, at);
  const revoked = roles.map(({ name }) => revocationOf('role', name, version, at));
  await revocations.insert(revoked, at);
  return revoked;
}

async function findIn({ roles }: Pick<RoleStores, 'roles'>, name: string): Promise<Role> {
  const role = await roles.find(name);
  if (role === null) throw new AppError('role_not_found');
  return role;
}

function difference(before: readonly string[], after: readonly string[] = before) {
  return {
    added: after.filter((permission) => !before.includes(permission)),
    removed: before.filter((permission) => !after.includes(permission)),
  };
}
