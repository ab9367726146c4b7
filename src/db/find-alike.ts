import { QueryTypes } from 'sequelize';
import type { Scope } from './scope.ts';
import type { Rows } from './table.ts';

interface Statement<Row> {
  readonly sql: string;
  readonly names: readonly (keyof Row & string)[];
  readonly times: readonly (keyof Row & string)[];
}

/** By table and the names of the key: they are few, and making one takes longer than running it. */
const statements = new Map<string, Statement<never>>();

/**
 * The row with this key, or null, after the same work either way: the database always gives one row, of nulls where there
 * is none, and it is always read. Sequelize's own findOne takes 20 µs longer for a row than for none, which the time of a
 * login would reveal.
 */
export async function findAlike<Row extends object>(
  { sequelize, run, transaction }: Scope,
  model: Rows<Row>,
  key: Partial<Row>,
): Promise<Row | null> {
  const { sql, names, times } = statementFor(model, key);
  const [row] = await run(() =>
    sequelize.query<Row>(sql, { replacements: { ...key }, type: QueryTypes.SELECT, transaction }),
  );
  if (row === undefined) throw new Error('a join that always has a row had none');
  // SQLite gives the times of such rows as text.
  for (const name of times) {
    if (row[name] !== null) row[name] = new Date(row[name] as string) as Row[typeof name];
  }
  return names.some((name) => row[name] === null) ? null : row;
}

function statementFor<Row extends object>(model: Rows<Row>, key: Partial<Row>): Statement<Row> {
  const names = Object.keys(key) as (keyof Row & string)[];
  const id = `${model.getTableName()} ${names}`;
  const known = statements.get(id) as Statement<Row> | undefined;
  if (known !== undefined) return known;
  const described: Record<string, { field?: string; type: unknown }> = model.getAttributes();
  const columns = Object.entries(described).map(([name, { field = name }]) => `there.${field} AS ${name}`);
  const conditions = names.map((name) => `there.${described[name]?.field ?? name} = :${name}`);
  const times = Object.entries(described)
    .filter(([, { type }]) => String(type).startsWith('DATETIME'))
    .map(([name]) => name as keyof Row & string);
  const sql = `SELECT ${columns.join(', ')} FROM (SELECT 1) AS one
    LEFT JOIN ${model.getTableName()} AS there ON ${conditions.join(' AND ')}`;
  const made: Statement<Row> = { sql, names, times };
  statements.set(id, made as unknown as Statement<never>);
  return made;
}
