import { QueryTypes } from 'sequelize';
import { toSqlDate } from '../../db/sql-date.ts';
import type { CoreStores } from '../stores.ts';

const ADDED = `UPDATE users SET second_factor_since = :at
  WHERE id = :userId AND second_factor_since IS NULL`;
const REMOVED = `UPDATE users SET second_factor_since = NULL
  WHERE id = :userId AND second_factor_since IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM totp_factors WHERE user_id = :userId AND confirmed_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = :userId)`;

type Stores = Pick<CoreStores, 'scope'>;

/** From now on the first factor of a user alone no longer signs in, if it still does. */
export async function factorAddedWithin({ scope }: Stores, userId: string, at: Date): Promise<void> {
  await update(scope, ADDED, { userId, at: toSqlDate(scope.sequelize, at) });
}

/** The first factor of a user alone signs in again where they have no other factor any more. */
export async function factorRemovedWithin({ scope }: Stores, userId: string): Promise<void> {
  await update(scope, REMOVED, { userId });
}

async function update({ sequelize, transaction, write }: Stores['scope'], sql: string, replacements: object) {
  const options = { replacements: { ...replacements }, type: QueryTypes.UPDATE, transaction } as const;
  await write(() => sequelize.query(sql, options));
}
