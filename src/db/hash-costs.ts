import { QueryTypes } from 'sequelize';
import type { StoredCost } from '../passwords/ports.ts';
import type { Database } from './connect.ts';
import { lowestId } from './ledger-store.ts';

interface Row {
  readonly cost: string;
  readonly is_own: number;
  readonly users: number;
}

/** In bcrypt's 60 characters the cost stands at the fifth, whatever stands before them. */
const SQL = `SELECT SUBSTR(password_hash, -56, 2) AS cost, SUBSTR(password_hash, 1, 4) = 'lk1:' AS is_own, COUNT(*) AS users
  FROM users WHERE id >= :since AND password_hash IS NOT NULL
  GROUP BY SUBSTR(password_hash, -56, 2), SUBSTR(password_hash, 1, 4) = 'lk1:'`;

/** How many hashes there are of each cost, of all accounts or of those that were made `since`. */
export async function readHashCosts({ sequelize, run }: Database, since: Date | null): Promise<StoredCost[]> {
  // Ids begin with the time at which they were made.
  const replacements = { since: since === null ? '' : lowestId(since) };
  const rows = await run(() => sequelize.query<Row>(SQL, { replacements, type: QueryTypes.SELECT }));
  return rows
    .map(({ cost, is_own, users }) => ({ cost: Number(cost), isOwn: is_own === 1, users: Number(users) }))
    .filter(({ cost }) => Number.isInteger(cost));
}
