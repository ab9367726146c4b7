import { existsSync } from 'node:fs';
import type { DatabaseConfig } from '../config/config.ts';
import { connectDatabase, type Database } from '../db/connect.ts';
import { isSchemaCurrent } from '../db/migrate.ts';

/**
 * The result of `work` on the database, which is closed afterwards. A command makes no database: where there is none, or
 * its schema is behind, it ends with `noSchema`.
 */
export async function withDatabase<Result>(
  config: DatabaseConfig,
  noSchema: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const { location, timeoutMilliseconds } = config;
  if (location.dialect === 'sqlite' && !existsSync(location.storage)) throw new Error(noSchema);
  const database = await connectDatabase(config);
  try {
    if (!(await isSchemaCurrent(database, timeoutMilliseconds))) throw new Error(noSchema);
    return await work(database);
  } finally {
    await database.close();
  }
}
