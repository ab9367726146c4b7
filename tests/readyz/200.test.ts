import { describe, expect, it } from '@jest/globals';
import type { Options } from 'sequelize';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';

onEachDatabase((kind) => {
  describe('GET /readyz', () => {
    const app = useApp(kind);

    it('answers 200 with the status ok, where the database answers and its schema is current', async () => {
      const response = await app.get('/readyz').expect(200);

      expect(response.type).toBe('application/json');
      expect(response.headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(response.body).toEqual({ status: 'ok', revocations: 'followed' });
    });

    it('answers 200 to HEAD, without a body', async () => {
      const response = await app.head('/readyz').expect(200);

      expect(response.text ?? '').toBe('');
    });

    it('asks the database anew each time, though it writes only once a second', async () => {
      const { options } = app.database.sequelize as unknown as { options: Options };
      const statements: string[] = [];
      options.logging = (sql) => {
        statements.push(sql);
      };

      app.clock.advanceSeconds(1);
      await app.get('/readyz').expect(200);
      await app.get('/readyz').expect(200);

      options.logging = false;
      expect(statements.filter((statement) => statement.includes(': SELECT '))).toHaveLength(2);
      expect(statements.filter((statement) => statement.includes(': INSERT '))).toHaveLength(1);
    });

    it('answers 200 on a database with migrations of a later version, so that a roll-out can be undone', async () => {
      const { sequelize } = app.database;
      await sequelize.query("INSERT INTO SequelizeMeta (name) VALUES ('99990101000000-of-the-future.cjs')");

      await app.get('/readyz').expect(200);

      await sequelize.query("DELETE FROM SequelizeMeta WHERE name LIKE '9999%'");
    });
  });
});
