import type { Models } from './models.ts';
import type { Scope } from './scope.ts';

/** Those of these names that no role has, or no permission, in their order. */
export async function missingNames(
  { models, run, transaction }: Scope,
  table: 'roles' | 'permissions',
  names: readonly string[],
): Promise<string[]> {
  // Both have names, which is all that is asked for.
  const model = models[table] as Models['roles'];
  const where = { name: [...names] };
  const rows = await run(() => model.findAll({ where, attributes: ['name'], transaction, raw: true }));
  const there = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !there.has(name));
}
