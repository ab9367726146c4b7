import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Sequelize } from 'sequelize';
import { AppError } from '../core/errors.ts';
import { isDamage, isTableMissing } from './errors.ts';

/** Missing in Sequelize's types: the SQLite connections, by their use. */
interface Connections {
  readonly connections: Record<string, { readonly close: (closed: () => void) => void } | undefined>;
}

/** The file of an SQLite database, which may be removed or damaged while the process runs. */
export interface SqliteFile {
  /**
   * Runs what needs the file, on connections to the one that is at its path.
   * @throws AppError database_unavailable where none is there
   */
  readonly use: <Result>(operation: () => Promise<Result>) => Promise<Result>;
  /** Whether a part of the file could not be read, and the file has not been written to since. */
  readonly isDamaged: () => boolean;
}

/**
 * An open connection goes on reading a file that was deleted or replaced, and a new one makes an empty file where there
 * is none. So each operation looks first whether the file is there and still the same, which takes some microseconds;
 * where it is another one, or was damaged, the connections are opened again. `prepare` does what each of them needs.
 */
export async function watchSqliteFile(
  storage: string,
  databases: readonly Sequelize[],
  prepare: (sequelize: Sequelize) => Promise<void>,
  logger: Pick<Logger, 'error' | 'info'> | undefined,
): Promise<SqliteFile> {
  for (const sequelize of databases) await prepare(sequelize);
  let opened = inodeOf(storage);
  /** When the file was last written to, as long as it is known to be damaged. */
  let damagedAt: bigint | undefined;
  let mustReopen = false;
  let isNew = false;
  let reopening: Promise<void> | undefined;
  let isLost = false;

  /** Where one table is damaged the others go on, so that what succeeds says nothing of the file. */
  function isDamaged(): boolean {
    if (damagedAt !== undefined && damagedAt !== writtenAt(storage)) damagedAt = undefined;
    return damagedAt !== undefined;
  }

  function noteLost(reason: string, error?: unknown): void {
    if (isLost) return;
    isLost = true;
    logger?.error({ file: storage, err: error }, `the database file ${reason}`);
  }

  function noteBack(): void {
    if (isDamaged()) return;
    if (isLost) logger?.info({ file: storage }, 'the database file is back');
    isLost = false;
  }

  async function reopen(inode: bigint): Promise<void> {
    const wasDamaged = isDamaged();
    for (const sequelize of databases) {
      const { connections } = sequelize.connectionManager as unknown as Connections;
      connections.default?.close(() => {});
      delete connections.default;
      await prepare(sequelize);
    }
    isNew ||= inode !== opened;
    opened = inode;
    mustReopen = false;
    // Closing a connection writes to the file as well.
    if (wasDamaged) damagedAt = writtenAt(storage);
  }

  async function open(): Promise<void> {
    const inode = inodeOf(storage);
    if (inode === undefined) {
      noteLost('is not there');
      const cause = new Error(`the database file ${storage} is not there`);
      throw new AppError('database_unavailable', undefined, { cause });
    }
    if (inode === opened && !mustReopen) return;
    reopening ??= reopen(inode).finally(() => {
      reopening = undefined;
    });
    await reopening;
  }

  return {
    async use(operation) {
      try {
        await open();
        const result = await operation();
        noteBack();
        isNew = false;
        return result;
      } catch (error) {
        // Another file has been put there, which is not migrated yet.
        if (isNew && isTableMissing(error)) {
          throw new AppError('database_unavailable', undefined, { cause: error });
        }
        if (isDamage(error)) {
          mustReopen = true;
          damagedAt = writtenAt(storage);
          noteLost('cannot be used', error);
        }
        throw error;
      }
    },
    isDamaged,
  };
}

function writtenAt(path: string): bigint | undefined {
  return statSync(path, { throwIfNoEntry: false, bigint: true })?.mtimeNs;
}

/** The identity of a file, to notice another one in its place; undefined where there is none. */
function inodeOf(path: string): bigint | undefined {
  return statSync(path, { throwIfNoEntry: false, bigint: true })?.ino;
}
