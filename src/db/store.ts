import { createApiKeyStore } from './api-keys-store.ts';
import { createClientStore } from './clients-store.ts';
import type { Database } from './connect.ts';
import { createLedgerStore } from './ledger-store.ts';
import { createLoginFailureStore } from './login-failures-store.ts';
import { createPermissionStore } from './permissions-store.ts';
import { createRevocationStore } from './revocations-store.ts';
import { createRightsStore } from './rights-store.ts';
import { createRoleStore } from './roles-store.ts';
import type { Scope } from './scope.ts';
import { createSessionStore } from './sessions-store.ts';
import { atOnce } from './turns.ts';
import { createUserRoleStore } from './user-roles-store.ts';
import { createUserStore } from './users-store.ts';

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
