import { QueryTypes } from 'sequelize';
import type { Rights, RightsStore } from '../sessions/ports.ts';
import type { Scope } from './scope.ts';

interface RightsRow {
  readonly rights_version: Date | string | null;
  readonly role: string | null;
  readonly version: Date | string | null;
  readonly permission: string | null;
}

const SQL = `SELECT users.rights_version, roles.name AS role, roles.version, role_permissions.permission
  FROM users
  LEFT JOIN user_roles ON user_roles.user_id = users.id
  LEFT JOIN roles ON roles.name = user_roles.role
  LEFT JOIN role_permissions ON role_permissions.role = roles.name
  WHERE users.id = :userId
  ORDER BY roles.name`;

/** What users may do, out of the tables of roles. */
export function createRightsStore({ sequelize, transaction, run }: Scope): RightsStore {
  return {
    async rightsOf(userId) {
      const rows = await run(() =>
        sequelize.query<RightsRow>(SQL, { replacements: { userId }, type: QueryTypes.SELECT, transaction }),
      );
      return toRights(rows);
    },
  };
}

function toRights(rows: readonly RightsRow[]): Rights {
  const versions = new Map<string, number>();
  const permissions = new Set<string>();
  for (const { role, version, permission } of rows) {
    if (role !== null) versions.set(role, toMilliseconds(version));
    if (permission !== null) permissions.add(permission);
  }
  return {
    roles: [...versions.keys()],
    permissions: [...permissions].sort(),
    versions: [toMilliseconds(rows[0]?.rights_version ?? null), ...versions.values()],
  };
}

/** SQLite gives the times of such rows as text. */
function toMilliseconds(time: Date | string | null): number {
  return time === null ? 0 : new Date(time).getTime();
}
