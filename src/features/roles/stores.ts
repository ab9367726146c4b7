import { storesOf } from '../../core/stores.ts';
import type { Scope } from '../../db/scope.ts';
import { createPermissionStore } from './permissions.store.ts';
import { createRoleStore } from './roles.store.ts';

export type RoleStores = ReturnType<typeof roleStoresOf>;

/** The stores of the core, and those of roles and permissions. */
export function roleStoresOf(scope: Scope) {
  return {
    ...storesOf(scope),
    roles: createRoleStore(scope),
    permissions: createPermissionStore(scope),
  };
}
