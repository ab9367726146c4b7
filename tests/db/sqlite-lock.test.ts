import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sequelize } from 'sequelize';
import sqlite3 from 'sqlite3';
import { type TestApp, useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { eventually } from '../support/several-processes.ts';

/** SQLite itself would look some twenty times within a second, and give up. */
const MANY_LOOKS = 50;

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

  it('is looked at often, so that a transaction finds the gap between two of the other process', async () => {
    const all = jest.spyOn(sqlite3.Database.prototype, 'all');
    const looks = () => all.mock.calls.filter(([sql]) => sql.startsWith('BEGIN IMMEDIATE')).length;
    const { release } = await lock(app);
    const before = looks();

    const renaming = app.store.transaction(({ users }) => rename(users));
    await Promise.race([renaming, eventually(looks, (count) => count - before >= MANY_LOOKS)]);
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
});
