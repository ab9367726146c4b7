import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { applyMigrations, isSchemaCurrent, pendingMigrations } from '../../src/db/migrate.ts';
import { administrate, createTestDatabase, onEachDatabase, onMysql } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { times } from '../support/extent.ts';
import { startServer } from '../support/server-process.ts';
import { eventually } from '../support/several-processes.ts';

const REPLICAS = times(3, 10);

onEachDatabase((kind) => {
  describe('Migrations', () => {
    const newDirectory = useDirectories();

    it('are each applied exactly once by replicas that start at the same moment', async () => {
      const testDatabase = await createTestDatabase(kind);
      const env = { DATABASE_URL: testDatabase.url, MIGRATE_ON_START: 'true', HASH_WORKERS: '1' };

      const replicas = await Promise.all(
        Array.from({ length: REPLICAS }, () => startServer(newDirectory(), env)),
      );
      const applied = replicas.flatMap((replica) =>
        replica.logLines().filter((line) => line.includes('migrations applied')),
      );
      const exitCodes = await Promise.all(replicas.map((replica) => replica.stop()));

      expect(applied).toHaveLength(1);
      expect(exitCodes).toEqual(Array.from({ length: REPLICAS }, () => 0));
      await testDatabase.drop();
    });

    it('are pending on an empty database and none is once they are applied', async () => {
      const testDatabase = await createTestDatabase(kind);
      const config = loadConfig({ DATABASE_URL: testDatabase.url }).database;
      const database = await connectDatabase(config);

      const before = await pendingMigrations(database);
      const currentBefore = await isSchemaCurrent(database, 1_000);
      const applied = await applyMigrations(config);
      const again = await applyMigrations(config);

      expect(before.length).toBeGreaterThan(0);
      expect(currentBefore).toBe(false);
      expect(applied).toEqual(before);
      expect(again).toEqual([]);
      expect(await pendingMigrations(database)).toEqual([]);
      expect(await isSchemaCurrent(database, 1_000)).toBe(true);
      await database.close();
      await testDatabase.drop();
    });

    it('name the one that fails, and continue with it once the cause is gone', async () => {
      const testDatabase = await createTestDatabase(kind);
      const config = loadConfig({ DATABASE_URL: testDatabase.url }).database;
      const database = await connectDatabase(config);
      const all = await pendingMigrations(database);
      // Another program's table, which lacks the columns of ours.
      await database.sequelize.query('CREATE TABLE sessions (other INTEGER)');

      await expect(applyMigrations(config)).rejects.toThrow(
        'the migration 20261120000100-create-sessions.cjs failed: ',
      );
      const left = await pendingMigrations(database);
      await database.sequelize.query('DROP TABLE sessions');
      const applied = await applyMigrations(config);

      expect(left).toEqual(all.slice(1));
      expect(applied).toEqual(left);
      await database.close();
      await testDatabase.drop();
    });
  });
});

onMysql(() => {
  describe('Migrations that wait for another process', () => {
    it('wait longer than any request may take', async () => {
      const testDatabase = await createTestDatabase('MySQL');
      const name = new URL(testDatabase.url).pathname.slice(1);
      const config = loadConfig({ DATABASE_URL: testDatabase.url, DATABASE_TIMEOUT_MS: '200' }).database;

      // Takes the lock, as a process that migrates does, and keeps it for five times that long.
      const order: string[] = [];
      const lock = `SHA1('latchkey_migrations:${name}')`;
      const other = administrate(`SELECT GET_LOCK(${lock}, 0), SLEEP(1)`);
      await eventually(
        () => administrate(`SELECT IS_USED_LOCK(${lock}) AS holder`),
        ([row]) => row?.holder !== null,
      );
      const [applied] = await Promise.all([
        applyMigrations(config).finally(() => order.push('migrations')),
        other.finally(() => order.push('other process')),
      ]);

      expect(order).toEqual(['other process', 'migrations']);
      expect(applied).not.toEqual([]);
      await testDatabase.drop();
    });
  });
});
