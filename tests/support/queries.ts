import type { TestApp } from './app.ts';

/** How many statements the app sent to its database during `work`. */
export async function countQueries(app: TestApp, work: () => Promise<unknown>): Promise<number> {
  const { sequelize } = app.database;
  let queries = 0;
  sequelize.addHook('beforeQuery', 'countQueries', () => {
    queries++;
  });
  await work();
  sequelize.removeHook('beforeQuery', 'countQueries');
  return queries;
}
