import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

/** Those of these names that no row of the table has, in their order. */
export async function missingNames(
  { open, run, transaction }: Scope,
  table: Table<{ name: string }>,
  names: readonly string[],
): Promise<string[]> {
  const where = { name: [...names] };
  const rows = await run(() => open(table).findAll({ where, attributes: ['name'], transaction, raw: true }));
  const there = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !there.has(name));
}
