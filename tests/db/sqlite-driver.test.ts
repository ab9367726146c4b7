import { describe, expect, it, jest } from '@jest/globals';
import sqlite3 from 'sqlite3';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

describe('A look-up in SQLite', () => {
  const app = useApp('SQLite');

  /** What the driver is asked meanwhile. */
  async function asked(work: () => Promise<unknown>): Promise<string[]> {
    const all = jest.spyOn(sqlite3.Database.prototype, 'all');
    await work();
    const statements = all.mock.calls.map(([sql]) => sql);
    all.mockRestore();
    return statements;
  }

  it('is one statement, since the columns of a table are asked for once', async () => {
    const { id } = await signUp(app);
    const find = () => app.models.users.findByPk(id);
    await find();

    const statements = await asked(find);

    expect(statements).toEqual([expect.stringContaining('FROM `users`')]);
  });

  it('reads times and numbers as what they are, whether the columns were asked for or known', async () => {
    const { id, email } = await signUp(app);

    for (const user of [await app.models.users.findByPk(id), await app.models.users.findByPk(id)]) {
      expect(user).toMatchObject({ email, createdAt: new Date(app.clock.now()) });
    }
  });

  it('finds a table that was not there when its columns were asked for first', async () => {
    const { sequelize } = app.database;
    const read = () => sequelize.query('SELECT `made_at` FROM `later`', { type: 'SELECT' });
    await expect(read()).rejects.toThrow('no such table');

    await sequelize.query('CREATE TABLE later (made_at DATETIME)');
    await sequelize.query("INSERT INTO later VALUES ('2026-01-02 03:04:05.678 +00:00')");

    expect(await read()).toHaveLength(1);
  });
});
