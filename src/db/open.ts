import type { Logger } from 'pino';
import type { DatabaseConfig } from '../config/config.ts';
import { connectDatabase, type Database } from './connect.ts';
import { applyMigrations, pendingMigrations } from './migrate.ts';

/**
 * The database at the start of a process. Never one whose schema is behind: it is migrated if it may be.
 * @throws Error that says which database it is and what to do
 */
export async function openDatabase(config: DatabaseConfig, logger: Logger): Promise<Database> {
  let pending: string[] = [];
  let database: Database;
  try {
    database = await connectDatabase(config, logger);
    if (config.migrateOnStart) {
      const applied = await applyMigrations(config);
      if (applied.length > 0) logger.info({ migrations: applied }, 'migrations applied');
    } else {
      pending = await pendingMigrations(database);
    }
  } catch (error) {
    throw databaseError(config, error);
  }
  if (pending.length === 0) return database;
  throw new Error(
    `the database schema is behind: ${pending.join(', ')}.\n` +
      'Apply these migrations with: npx sequelize-cli db:migrate (or start with MIGRATE_ON_START=true)',
  );
}

/** A database error at the start, with the details by which the operator finds the database. */
function databaseError({ location }: DatabaseConfig, error: unknown): Error {
  const { message } = error as Error;
  if (location.dialect === 'sqlite')
    return new Error(`the database ${location.storage} cannot be used: ${message}`);
  const where = `${location.host}:${location.port}/${location.database}`;
  const hint = message.includes('Unknown database') ? ' Create it with: npx sequelize-cli db:create' : '';
  return new Error(`the database at ${where} cannot be used: ${message}.${hint}`);
}
