import { describe, expect, it } from '@jest/globals';
import { Op, QueryTypes } from 'sequelize';
import { useApp } from '../support/app.ts';
import { onEachDatabase, onMysql } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

describe('A connection to SQLite', () => {
  const app = useApp('SQLite');

  it.each([
    ['journal_mode', 'wal'],
    // The driver waits instead.
    ['busy_timeout', 0],
    ['foreign_keys', 1],
  ])('has %s = %s', async (pragma, value) => {
    const [row] = await app.database.sequelize.query<Record<string, unknown>>(`PRAGMA ${pragma}`, {
      type: QueryTypes.SELECT,
    });

    expect(Object.values(row ?? {})).toEqual([value]);
  });
});

onMysql(() => {
  describe('A connection to MySQL', () => {
    const app = useApp('MySQL');

    it('has a sql_mode of our own, since under NO_BACKSLASH_ESCAPES an escaped value could become SQL', async () => {
      const [row] = await app.database.sequelize.query<{ mode: string }>(
        'SELECT @@SESSION.sql_mode AS mode',
        {
          type: QueryTypes.SELECT,
        },
      );

      expect(row?.mode).toBe('STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION');
    });

    it('gives up on a lock before its caller is told that it failed, whatever the server has as default', async () => {
      const [row] = await app.database.sequelize.query<{ seconds: number }>(
        'SELECT @@SESSION.innodb_lock_wait_timeout AS seconds',
        { type: QueryTypes.SELECT },
      );

      expect(row?.seconds).toBe(app.config.database.timeoutMilliseconds / 1000);
    });

    it('sees in each statement what is committed, without a statement for it in each transaction', async () => {
      const rows = await app.database.sequelize.query<{ Value: string }>(
        "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
        { type: QueryTypes.SELECT },
      );

      expect(new Set(rows.map(({ Value }) => Value))).toEqual(new Set(['READ-COMMITTED']));
    });
  });
});

onEachDatabase((kind) => {
  describe('A statement with bound values', () => {
    const app = useApp(kind);

    it('is refused where a value in its text has a $, which Sequelize would take for a bound one', async () => {
      const { users } = app.models;
      const { id } = await signUp(app);
      const where = { id, email: { [Op.ne]: '$1' } };

      await expect((async () => users.update({ name: 'Grace' }, { where }))()).rejects.toThrow(
        'a $ that is none of them',
      );

      expect(await users.findByPk(id)).toMatchObject({ name: null });
    });
  });
});
