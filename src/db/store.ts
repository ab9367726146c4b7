import type { AccountStore } from '../accounts/ports.ts';
import type { Database } from './connect.ts';
import { createLedgerStore } from './ledger-store.ts';
import { createLoginFailureStore } from './login-failures-store.ts';
import { createRevocationStore } from './revocations-store.ts';
import { createRightsStore } from './rights-store.ts';
import type { Scope } from './scope.ts';
import { createSessionStore } from './sessions-store.ts';
import { atOnce } from './turns.ts';
import { createUserRoleStore } from './user-roles-store.ts';
import { createUserStore } from './users-store.ts';

/** Everything the service keeps, each part outside a transaction; `transaction` gives the same parts inside one. */
export function createStore(database: Database): AccountStore {
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
    ledger: createLedgerStore(scope),
  };
}
