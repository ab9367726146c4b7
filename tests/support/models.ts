import { PERMISSIONS, ROLE_PERMISSIONS, ROLES, USER_ROLES } from '../../src/core/access/roles.tables.ts';
import { API_KEY_PERMISSIONS, API_KEYS } from '../../src/core/api-keys/api-keys.store.ts';
import { AUDIT_LOG } from '../../src/core/audit/audit.store.ts';
import { CLIENT_PERMISSIONS, CLIENT_SECRETS, CLIENTS } from '../../src/core/clients/clients.store.ts';
import { CHALLENGES } from '../../src/core/codes/challenges.store.ts';
import { RECOVERY_CODES, REMEMBERED_DEVICES, TOTP_FACTORS } from '../../src/core/factors/factors.store.ts';
import { IDENTITIES } from '../../src/core/identities/identities.store.ts';
import { COUNTS } from '../../src/core/limits/counts.store.ts';
import { OUTBOX } from '../../src/core/messages/outbox.store.ts';
import { PASSKEYS } from '../../src/core/passkeys/passkeys.store.ts';
import { REVOCATIONS } from '../../src/core/revocation/revocations.store.ts';
import { SESSIONS } from '../../src/core/sessions/sessions.store.ts';
import { LOGIN_FAILURES } from '../../src/core/sign-in/login-failures.store.ts';
import { SIGNING_KEYS } from '../../src/core/tokens/key-usage.store.ts';
import { USERS } from '../../src/core/users/users.store.ts';
import type { Database } from '../../src/db/connect.ts';
import { WRITE_PROBES } from '../../src/db/write-probe.ts';

/** Every table, to be looked at behind the back of the service. */
export function modelsOf({ open }: Pick<Database, 'open'>) {
  return {
    users: open(USERS),
    loginFailures: open(LOGIN_FAILURES),
    sessions: open(SESSIONS),
    revocations: open(REVOCATIONS),
    roles: open(ROLES),
    permissions: open(PERMISSIONS),
    rolePermissions: open(ROLE_PERMISSIONS),
    userRoles: open(USER_ROLES),
    ledger: open(AUDIT_LOG),
    apiKeys: open(API_KEYS),
    apiKeyPermissions: open(API_KEY_PERMISSIONS),
    clients: open(CLIENTS),
    clientPermissions: open(CLIENT_PERMISSIONS),
    clientSecrets: open(CLIENT_SECRETS),
    challenges: open(CHALLENGES),
    identities: open(IDENTITIES),
    passkeys: open(PASSKEYS),
    totpFactors: open(TOTP_FACTORS),
    recoveryCodes: open(RECOVERY_CODES),
    rememberedDevices: open(REMEMBERED_DEVICES),
    counts: open(COUNTS),
    outbox: open(OUTBOX),
    signingKeys: open(SIGNING_KEYS),
    writeProbes: open(WRITE_PROBES),
  };
}
