import { Op, QueryTypes, Transaction } from 'sequelize';
import type { Scope } from '../../db/scope.ts';
import { toSqlDate } from '../../db/sql-date.ts';
import { API_KEYS } from '../api-keys/api-keys.store.ts';
import { CLIENT_PERMISSIONS, CLIENTS } from '../clients/clients.store.ts';
import type { AuthenticatedPrincipal, Holding } from '../principal.ts';
import { SESSIONS } from '../sessions/sessions.store.ts';
import { USERS } from '../users/users.store.ts';
import { ROLES } from './roles.tables.ts';

/** What a user may do, and since when that has been so. */
export interface Rights extends Holding {
  /** Whether the account is there and not disabled. */
  readonly isActive: boolean;
  readonly hasSecondFactor: boolean;
  /** When the user's roles changed last, and then for each role when what it may do changed last: milliseconds. */
  readonly versions: readonly number[];
}

export type RightsStore = ReturnType<typeof createRightsStore>;

/** The row that a principal's credential has in the database. */
export type Holder =
  | Pick<Extract<AuthenticatedPrincipal, { kind: 'user' }>, 'kind' | 'userId' | 'sessionId'>
  | Pick<Extract<AuthenticatedPrincipal, { kind: 'api_key' }>, 'kind' | 'userId' | 'keyId'>
  | Pick<Extract<AuthenticatedPrincipal, { kind: 'client' }>, 'kind' | 'clientId'>;

/** The row that every change of what others may do locks: it is always there. */
const RANKS_ROW = 'admin';

interface RightsRow {
  readonly is_active: number;
  readonly has_second_factor: number;
  readonly rights_version: Date | string | null;
  readonly role: string | null;
  readonly version: Date | string | null;
  readonly permission: string | null;
  readonly live_sessions?: number;
}

const COLUMNS = `users.disabled_at IS NULL AS is_active,
  users.second_factor_since IS NOT NULL AS has_second_factor, users.rights_version, roles.name AS role, roles.version,
  role_permissions.permission`;
const JOINED_ROLES = `LEFT JOIN user_roles ON user_roles.user_id = users.id
  LEFT JOIN roles ON roles.name = user_roles.role
  LEFT JOIN role_permissions ON role_permissions.role = roles.name
  WHERE users.id = :userId
  ORDER BY roles.name`;
const SQL = `SELECT ${COLUMNS} FROM users ${JOINED_ROLES}`;
const WITH_SESSIONS = `SELECT ${COLUMNS}, live.live_sessions FROM users
  CROSS JOIN (SELECT COUNT(*) AS live_sessions FROM sessions WHERE user_id = :userId AND revoked_at IS NULL
    AND idle_expires_at > :at AND absolute_expires_at > :at) AS live
  ${JOINED_ROLES}`;

/** The rights of users, read from the tables of roles. */
export function createRightsStore({ open, sequelize, transaction, run }: Scope) {
  const users = open(USERS);
  const roles = open(ROLES);
  const sessions = open(SESSIONS);
  const apiKeys = open(API_KEYS);
  const clients = open(CLIENTS);
  const clientPermissions = open(CLIENT_PERMISSIONS);
  // Not a shared lock: two transactions that hold one and both change the row afterwards would deadlock.
  const lock = transaction === null ? {} : { lock: Transaction.LOCK.UPDATE };

  /** What a user may do, read in one statement, so that all of it is of one moment. */
  async function rightsOf(userId: string): Promise<Rights> {
    const rows = await run(() =>
      sequelize.query<RightsRow>(SQL, { replacements: { userId }, type: QueryTypes.SELECT, transaction }),
    );
    return toRights(rows);
  }

  /** The same with the number of the user's live sessions. */
  async function rightsAndSessionsOf(
    userId: string,
    at: Date,
  ): Promise<{ readonly rights: Rights; readonly liveSessions: number }> {
    const replacements = { userId, at: toSqlDate(sequelize, at) };
    const rows = await run(() =>
      sequelize.query<RightsRow>(WITH_SESSIONS, { replacements, type: QueryTypes.SELECT, transaction }),
    );
    return { rights: toRights(rows), liveSessions: Number(rows[0]?.live_sessions ?? 0) };
  }

  /**
   * Locks the rights of all users until the end of the transaction. A transaction that changes rights, or that
   * touches a user who might be about to get more, begins with it, so that none decides by what another one is changing.
   */
  async function lockRanks(): Promise<void> {
    await run(() => roles.findByPk(RANKS_ROW, { attributes: ['name'], transaction, ...lock }));
  }

  /**
   * What the owner of a credential may do, locked until the end of the transaction. Null where they are gone
   * or disabled, or their session or key has ended or expired.
   */
  async function lockHolding(holder: Holder, at: Date): Promise<Holding | null> {
    if (holder.kind === 'client') return lockClient(holder.clientId, at);
    const { userId } = holder;
    const user = await run(() =>
      users.findOne({ where: { id: userId, disabledAt: null }, transaction, ...lock }),
    );
    if (user === null) return null;
    const isLive =
      holder.kind === 'api_key'
        ? await isUnrevoked(apiKeys, holder.keyId, userId)
        : holder.sessionId === null || (await isUnrevoked(sessions, holder.sessionId, userId));
    return isLive ? rightsOf(userId) : null;
  }

  /** Whether the user has a session or key of this id that is not revoked. */
  async function isUnrevoked(
    table: typeof sessions | typeof apiKeys,
    id: string,
    userId: string,
  ): Promise<boolean> {
    const where = { id, userId, revokedAt: null };
    return (await run(() => (table as typeof sessions).count({ where, transaction }))) > 0;
  }

  async function lockClient(clientId: string, at: Date): Promise<Holding | null> {
    const where = { id: clientId, expiresAt: { [Op.or]: [null, { [Op.gt]: at }] } };
    const client = await run(() => clients.findOne({ where, transaction, ...lock }));
    if (client === null) return null;
    const rows = await run(() => clientPermissions.findAll({ where: { clientId }, transaction, raw: true }));
    return { roles: [], permissions: rows.map(({ permission }) => permission) };
  }

  return { rightsOf, rightsAndSessionsOf, lockRanks, lockHolding };
}

function toRights(rows: readonly RightsRow[]): Rights {
  const versions = new Map<string, number>();
  const permissions = new Set<string>();
  for (const { role, version, permission } of rows) {
    if (role !== null) versions.set(role, toMilliseconds(version));
    if (permission !== null) permissions.add(permission);
  }
  return {
    isActive: Number(rows[0]?.is_active ?? 0) === 1,
    hasSecondFactor: Number(rows[0]?.has_second_factor ?? 0) === 1,
    roles: [...versions.keys()],
    permissions: [...permissions].sort(),
    versions: [toMilliseconds(rows[0]?.rights_version ?? null), ...versions.values()],
  };
}

/** SQLite gives the times of such rows as text. */
function toMilliseconds(time: Date | string | null): number {
  return time === null ? 0 : new Date(time).getTime();
}
