import type { Scope } from '../db/scope.ts';
import type { Store } from '../db/store.ts';
import { createRightsStore } from './access/rights.store.ts';
import { createApiKeyStore } from './api-keys/api-keys.store.ts';
import { createAuditStore } from './audit/audit.store.ts';
import { createClientStore } from './clients/clients.store.ts';
import { createChallengeStore } from './codes/challenges.store.ts';
import { createFactorStore } from './factors/factors.store.ts';
import { createIdentityStore } from './identities/identities.store.ts';
import { createCountStore } from './limits/counts.store.ts';
import { createOutboxStore } from './messages/outbox.store.ts';
import { createPasskeyStore } from './passkeys/passkeys.store.ts';
import { createRevocationStore } from './revocation/revocations.store.ts';
import { createSessionStore } from './sessions/sessions.store.ts';
import { createLoginFailureStore } from './sign-in/login-failures.store.ts';
import { createUserRoleStore } from './users/user-roles.store.ts';
import { createUserStore } from './users/users.store.ts';

/**
 * The stores of the core. A feature that needs more has stores in addition to these: `{ ...storesOf(scope), mine:
 * createMine(scope) }`.
 */
export type CoreStores = ReturnType<typeof storesOf>;

export type CoreStore = Store<CoreStores>;

export function storesOf(scope: Scope) {
  return {
    /** For the stores of a feature, in the same transaction. */
    scope,
    users: createUserStore(scope),
    userRoles: createUserRoleStore(scope),
    loginFailures: createLoginFailureStore(scope),
    sessions: createSessionStore(scope),
    revocations: createRevocationStore(scope),
    rights: createRightsStore(scope),
    audit: createAuditStore(scope),
    apiKeys: createApiKeyStore(scope),
    identities: createIdentityStore(scope),
    factors: createFactorStore(scope),
    passkeys: createPasskeyStore(scope),
    clients: createClientStore(scope),
    challenges: createChallengeStore(scope),
    counts: createCountStore(scope),
    outbox: createOutboxStore(scope),
  };
}
