import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DataTypes, QueryTypes, Sequelize, type Transaction } from 'sequelize';
import { besideCode } from '../config/beside-code.ts';
import type { DatabaseConfig } from '../config/config.ts';
import { type Database, useWriteAheadLog } from './connect.ts';
import { isTableMissing } from './errors.ts';
import { openSequelize } from './sequelize.ts';

const MIGRATIONS_DIRECTORY = besideCode('../migrations');
/** Their names, which do not change while the process runs. */
const MIGRATIONS = readdirSync(MIGRATIONS_DIRECTORY)
  .filter((name) => name.endsWith('.cjs'))
  .sort();
const LOCK_NAME = 'latchkey_migrations';
const LOCK_TIMEOUT_SECONDS = 60;

/** The table of sequelize-cli, which may have created it, and can undo the migrations that are applied here. */
const META_COLUMNS = { name: { type: DataTypes.STRING, allowNull: false, primaryKey: true, unique: true } };
const META_OPTIONS = {
  tableName: 'SequelizeMeta',
  timestamps: false,
  charset: 'utf8',
  collate: 'utf8_unicode_ci',
};

interface MigrationModule {
  readonly up: (queryInterface: unknown, sequelize: typeof Sequelize) => Promise<void>;
}

const require = createRequire(import.meta.url);

/**
 * Whether the database answers and has seen every migration; reads one small table and changes nothing.
 * @throws AppError database_unavailable
 */
export async function isSchemaCurrent(
  { sequelize, run }: Database,
  withinMilliseconds: number,
): Promise<boolean> {
  // Not within the operation: a new file in the place of the database's is none until it is migrated.
  const pending = await run(() => readPending(sequelize), withinMilliseconds).catch(allWhereTableMissing);
  return pending.length === 0;
}

/** The names of the migrations that this database has not seen, in order; empty where the schema is current. */
export function pendingMigrations({ sequelize }: Pick<Database, 'sequelize'>): Promise<string[]> {
  return readPending(sequelize).catch(allWhereTableMissing);
}

function allWhereTableMissing(error: Error): string[] {
  if (isTableMissing(error) || isTableMissing(error.cause)) return MIGRATIONS;
  throw error;
}

async function readPending(sequelize: Sequelize): Promise<string[]> {
  const read = (transaction: Transaction | null) =>
    sequelize.query<{ name: string }>('SELECT name FROM SequelizeMeta', {
      type: QueryTypes.SELECT,
      transaction,
    });
  // In SQLite a transaction has a connection of its own, which has to read the file: the others remember what it was.
  const isSqlite = sequelize.getDialect() === 'sqlite';
  const rows = await (isSqlite ? sequelize.transaction(read) : read(null));
  const applied = new Set(rows.map(({ name }) => name));
  return MIGRATIONS.filter((name) => !applied.has(name));
}

/**
 * Applies the pending migrations, as `sequelize-cli db:migrate` would, and returns their names. Of many processes
 * that start together one does the work while the others wait for the lock and then find nothing to do. Uses
 * connections of its own, since waiting and altering a table may take longer than any request is allowed to.
 */
export async function applyMigrations(config: DatabaseConfig): Promise<string[]> {
  const { location } = config;
  const sequelize = openSequelize(config, null);
  try {
    // Most starts find none, and need no lock. If another process is migrating, the lock shows when to look again.
    const pending = await pendingMigrations({ sequelize }).catch(() => MIGRATIONS);
    if (pending.length === 0) return [];
    const migrate = () => applyPending(sequelize);
    return location.dialect === 'mysql'
      ? await withMysqlLock(sequelize, migrate)
      : await withSqliteLock(config, `${location.storage}.migrating`, async () => {
          await waitForNoDisk(sequelize);
          return migrate();
        });
  } finally {
    await sequelize.close();
  }
}

/**
 * Has this connection wait for the disk at the end only, which takes most of the time of a first start otherwise. In WAL mode
 * a power failure may cost the last migrations, but not the file, and the next start applies them again
 * (sqlite.org/pragma.html#pragma_synchronous).
 */
async function waitForNoDisk(sequelize: Sequelize): Promise<void> {
  await useWriteAheadLog(sequelize);
  await sequelize.query('PRAGMA synchronous = NORMAL');
}

/** Records each as soon as it is applied, so that after a failure the next start continues with the one that failed. */
async function applyPending(sequelize: Sequelize): Promise<string[]> {
  const meta = sequelize.define('SequelizeMeta', META_COLUMNS, META_OPTIONS);
  await meta.sync();
  const pending = await readPending(sequelize);
  for (const name of pending) {
    const migration: MigrationModule = require(join(MIGRATIONS_DIRECTORY, name));
    await migration.up(sequelize.getQueryInterface(), Sequelize).catch((cause: Error) => {
      throw new Error(`the migration ${name} failed: ${cause.message}`, { cause });
    });
    await meta.create({ name });
  }
  return pending;
}

/** GET_LOCK belongs to a connection, and a transaction is what holds one while the migrations use others. */
function withMysqlLock<Result>(sequelize: Sequelize, work: () => Promise<Result>): Promise<Result> {
  return sequelize.transaction(async (transaction) => {
    const name = `${LOCK_NAME}:${sequelize.getDatabaseName()}`;
    const query = (sql: string) => sequelize.query(sql, { replacements: [name], transaction, plain: true });
    const answer = await query(`SELECT GET_LOCK(SHA1(?), ${LOCK_TIMEOUT_SECONDS}) AS acquired`);
    if (answer?.acquired !== 1)
      throw new Error(`another process has been migrating for ${LOCK_TIMEOUT_SECONDS} s`);
    try {
      return await work();
    } finally {
      await query('SELECT RELEASE_LOCK(SHA1(?))');
    }
  });
}

/** An exclusive transaction on a file of its own: the system ends it with the process, so no lock is ever left over. */
async function withSqliteLock<Result>(
  config: DatabaseConfig,
  storage: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = openSequelize({ ...config, location: { dialect: 'sqlite', storage } }, null);
  try {
    await lock.query('BEGIN EXCLUSIVE');
    return await work();
  } finally {
    await lock.close();
  }
}
