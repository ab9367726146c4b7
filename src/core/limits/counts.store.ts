import { Op, QueryTypes } from 'sequelize';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { toSqlDate } from '../../db/sql-date.ts';
import { integer, primaryKey, table, text, time } from '../../db/table.ts';
import type { Rate } from './quota.ts';

export const COUNTS = table('counts', {
  name: primaryKey(text(100)),
  amount: integer(),
  windowEndsAt: time(),
});

const IS_OVER = 'window_ends_at <= :at';
/** In this order, since MySQL assigns from left to right, and later expressions see the new values. */
const TAKE = `UPDATE counts SET
    amount = CASE WHEN ${IS_OVER} THEN 1 ELSE amount + 1 END,
    window_ends_at = CASE WHEN ${IS_OVER} THEN :endsAt ELSE window_ends_at END
  WHERE name IN (:names) AND (amount < :limit OR ${IS_OVER})`;

export type CountStore = ReturnType<typeof createCountStore>;

/** What all processes count together, in the table `counts`. Each write is one statement. */
export function createCountStore({ open, sequelize, transaction, run, write }: Scope) {
  const counts = open(COUNTS);
  const date = (value: Date) => toSqlDate(sequelize, value);
  // INSERT IGNORE would take a shared lock on a row that exists. Two transactions that hold one would
  // deadlock when they update the row.
  const unlessThere =
    sequelize.getDialect() === 'sqlite'
      ? 'ON CONFLICT DO NOTHING'
      : 'ON DUPLICATE KEY UPDATE amount = amount';

  /**
   * Makes sure that counts of these names exist: `take` counts nothing else. On MySQL their rows are locked until the end of
   * the transaction. Always give the names in the same order, so that no two transactions wait for each other.
   */
  async function prepare(names: readonly string[], at: Date, { windowSeconds }: Rate): Promise<void> {
    const endsAt = date(new Date(at.getTime() + windowSeconds * 1000));
    const replacements = names.map((name) => [name, 0, endsAt]);
    const groups = names.map(() => '(?)').join(', ');
    const sql = `INSERT INTO counts (name, amount, window_ends_at) VALUES ${groups} ${unlessThere}`;
    await write(() => sequelize.query(sql, { replacements, type: QueryTypes.INSERT, transaction }));
  }

  /** Adds one to each of these counts. False where one of them has none left; the others may have been added to. */
  async function take(names: readonly string[], at: Date, { limit, windowSeconds }: Rate) {
    const endsAt = date(new Date(at.getTime() + windowSeconds * 1000));
    const replacements = { names: [...names], at: date(at), endsAt, limit };
    const [, affected] = await write(() =>
      sequelize.query(TAKE, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === names.length;
  }

  /** How many of these counts there are, how much they have, and when the last of their windows ends. */
  async function read(names: readonly string[]) {
    const rows = await run(() =>
      counts.findAll({
        where: { name: [...names] },
        order: [['windowEndsAt', 'DESC']],
        transaction,
      }),
    );
    const found = rows.map((row) => row.get());
    const amount = Math.max(0, ...found.map((count) => count.amount));
    return { found: found.length, amount, endsAt: found[0]?.windowEndsAt };
  }

  /** Removes counts whose windows ended before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { windowEndsAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => counts.destroy({ where, limit, transaction })));
  }

  return { prepare, take, read, prune };
}
