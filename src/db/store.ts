import { createRightsStore } from '../core/access/rights.store.ts';
import { createLedgerStore } from '../core/audit/audit.store.ts';
import { createRevocationStore } from '../core/revocation/revocations.store.ts';
import { createSessionStore } from '../core/sessions/sessions.store.ts';
import { createLoginFailureStore } from '../core/sign-in/login-failures.store.ts';
import { createUserRoleStore } from '../core/users/user-roles.store.ts';
import { createUserStore } from '../core/users/users.store.ts';
import { createApiKeyStore } from '../features/api-keys/api-keys.store.ts';
import { createClientStore } from '../features/clients/clients.store.ts';
import { createPermissionStore } from '../features/roles/permissions.store.ts';
import { createRoleStore } from '../features/roles/roles.store.ts';
import type { Database } from './connect.ts';
import type { Scope } from './scope.ts';
import { atOnce } from './turns.ts';

/** What the service keeps, part by part. */
export type Stores = ReturnType<typeof storesIn>;

/** The same, with the way into a transaction: each feature sees of it what its ports name. */
export interface Store extends Stores {
  /** Runs `work` with stores whose writes take effect together or not at all. It may run more than once. */
  readonly transaction: <Result>(work: (stores: Stores) => Promise<Result>) => Promise<Result>;
}

/** Everything the service keeps, each part outside a transaction; `transaction` gives the same parts inside one. */
export function createStore(database: Database): Store {
  const { models, sequelize, run, write } = database;
  return {
    ...storesIn({ models, sequelize, run, write, transaction: null }),
    transaction: (work) =>
      database.transaction((transaction) =>
        work(storesIn({ models, sequelize, run: atOnce, write: atOnce, transaction })),
      ),
  };
}

function storesIn(scope: Scope) {
  return {
    users: createUserStore(scope),
    userRoles: createUserRoleStore(scope),
    loginFailures: createLoginFailureStore(scope),
    sessions: createSessionStore(scope),
    revocations: createRevocationStore(scope),
    rights: createRightsStore(scope),
    roles: createRoleStore(scope),
    permissions: createPermissionStore(scope),
    ledger: createLedgerStore(scope),
    apiKeys: createApiKeyStore(scope),
    clients: createClientStore(scope),
  };
}
