import { QueryTypes } from 'sequelize';
import type { Scope } from './scope.ts';
import { toSqlDate } from './sql-date.ts';
import type { Rows } from './table.ts';

/**
 * Inserts many rows in one statement. Sequelize's own bulkCreate makes an object of each row first, which takes it more
 * time than the database needs for the insert.
 */
export async function insertRows<Row extends object>(
  { sequelize, write, transaction }: Scope,
  model: Rows<Row>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const described: Record<string, { field?: string }> = model.getAttributes();
  const names = Object.keys(described) as (keyof Row & string)[];
  const columns = names.map((name) => described[name]?.field ?? name);
  // Rows hold the same time more than once, and writing it takes longer than finding it.
  const dates = new Map<Date, string>();
  const toSql = (value: unknown) => {
    if (!(value instanceof Date)) return value;
    const known = dates.get(value) ?? toSqlDate(sequelize, value);
    dates.set(value, known);
    return known;
  };
  const replacements = rows.map((row) => names.map((name) => toSql(row[name])));
  const groups = rows.map(() => '(?)').join(', ');
  const sql = `INSERT INTO ${model.getTableName()} (${columns.join(', ')}) VALUES ${groups}`;
  await write(() => sequelize.query(sql, { replacements, type: QueryTypes.INSERT, transaction }));
}
