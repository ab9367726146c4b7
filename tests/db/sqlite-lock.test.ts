import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sequelize, Transaction } from 'sequelize';
import sqlite3 from 'sqlite3';
import { openSequelize } from '../../src/db/sequelize.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { eventually } from '../support/several-processes.ts';

/** SQLite itself would try some twenty times within a second, and give up. */
const MANY_ATTEMPTS = 50;
const IMMEDIATE = { type: Transaction.TYPES.IMMEDIATE };

/** Locks the file for writers, as a transaction of another process does, until it is released. */
async function lock({ config: { database } }: TestApp): Promise<{ release: () => Promise<void> }> {
  const storage = 'storage' in database.location ? database.location.storage : '';
  const other = new Sequelize({ dialect: 'sqlite', storage, logging: false });
  await other.query('BEGIN IMMEDIATE');
  return { release: () => other.close() };
}

describe('An SQLite file that another process has locked', () => {
  const app = useApp('SQLite');
  let id: string;
  beforeEach(async () => {
    ({ id } = await signUp(app));
  });

  const rename = (users = app.store.users) =>
    users.updateProfile(id, { name: 'Ada' }, new Date(app.clock.now()));
  const nameOf = async () => (await app.store.users.findById(id))?.name;

  it('is polled often, so that a transaction finds the gap between two of the other process', async () => {
    const all = jest.spyOn(sqlite3.Database.prototype, 'all');
    const attempts = () => all.mock.calls.filter(([sql]) => sql.startsWith('BEGIN IMMEDIATE')).length;
    const { release } = await lock(app);
    const before = attempts();

    const renaming = app.store.transaction(({ users }) => rename(users));
    await Promise.race([renaming, eventually(attempts, (count) => count - before >= MANY_ATTEMPTS)]);
    await release();
    await renaming;
    all.mockRestore();

    expect(await nameOf()).toBe('Ada');
  });

  it('is read while a write waits for it', async () => {
    const { release } = await lock(app);
    let isWaiting = true;
    const renaming = rename().finally(() => {
      isWaiting = false;
    });

    const seen = { name: await nameOf(), isWaiting };
    await release();
    await renaming;

    expect(seen).toEqual({ name: null, isWaiting: true });
    expect(await nameOf()).toBe('Ada');
  });

  it('leaves no connection open and no line on the console when a transaction gives up', async () => {
    const impatient = openSequelize(app.config.database, 100);
    const warn = jest.spyOn(console, 'warn');
    const { release } = await lock(app);

    const refused = impatient.transaction(IMMEDIATE, async () => {});
    await expect(refused).rejects.toMatchObject({ original: { code: 'SQLITE_BUSY' } });
    const warnings = warn.mock.calls.splice(0);
    warn.mockRestore();
    await release();

    expect(impatient.connectionManager).toMatchObject({ connections: {} });
    expect(warnings).toEqual([]);
    await impatient.close();
  });
});

describe('A transaction that SQLite cannot commit', () => {
  const app = useApp('SQLite');

  it('has ended, so that the next one can begin', async () => {
    const { sequelize } = app.database;
    await sequelize.query('CREATE TABLE parents (id INTEGER PRIMARY KEY)');
    await sequelize.query(
      'CREATE TABLE children (parent REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)',
    );
    const insertOrphan = () =>
      sequelize.transaction(IMMEDIATE, (transaction) =>
        sequelize.query('INSERT INTO children VALUES (1)', { transaction }),
      );
    // Sequelize reports the failed commit there.
    const warn = jest.spyOn(console, 'warn').mockReturnValue();

    await expect(insertOrphan()).rejects.toThrow('FOREIGN KEY constraint failed');
    warn.mockRestore();

    await app.store.transaction(async () => {});
    expect(await sequelize.query('SELECT * FROM children', { type: 'SELECT' })).toEqual([]);
  });
});
