import { describe, expect, it } from '@jest/globals';
import { QueryTypes } from 'sequelize';
import type { RightsStore } from '../../src/core/access/rights.store.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase, onMysql } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { eventually } from '../support/several-processes.ts';

onEachDatabase((kind) => {
  describe('POST /login during which the account is deleted', () => {
    const app = useApp(kind);

    it('gives no access token that goes on, however long the database took for the rights', async () => {
      const { email, password, token } = await signUp(app);
      const rights = app.core.store.rights as { rightsAndSessionsOf: RightsStore['rightsAndSessionsOf'] };
      const read = rights.rightsAndSessionsOf;
      let goOn = () => {};
      const reached = new Promise<void>((resolve) => {
        rights.rightsAndSessionsOf = async (...args) => {
          const result = await read(...args);
          resolve();
          await new Promise<void>((release) => {
            goOn = release;
          });
          return result;
        };
      });

      const login = app.post('/login').send({ email, password });
      const answer = login.then((response) => response);
      await reached;
      rights.rightsAndSessionsOf = read;
      await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);
      app.clock.advanceSeconds(10);
      goOn();

      const { body } = await answer;
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(401);
    });
  });
});

onMysql(() => {
  describe('POST /login that reads an account while a transaction changes it', () => {
    const app = useApp('MySQL');

    /** How many statements wait for a lock, or are about to. */
    async function insertsOfSessions(): Promise<string> {
      const sql = `SELECT COUNT(*) AS running FROM information_schema.processlist
        WHERE db = DATABASE() AND info LIKE 'INSERT INTO sessions%'`;
      const [row] = await app.database.sequelize.query<{ running: number }>(sql, { type: QueryTypes.SELECT });
      return String(row?.running);
    }

    it.each([
      ['disables it', 'UPDATE users SET disabled_at = created_at WHERE id = :id'],
      ['gives it another password', "UPDATE users SET password_hash = 'another' WHERE id = :id"],
      [
        'requires another password',
        'UPDATE users SET password_change_required_at = created_at WHERE id = :id',
      ],
      ['deletes it', 'DELETE FROM users WHERE id = :id'],
    ])('is refused where that %s', async (_what, change) => {
      const { id, email, password } = await signUp(app);
      const { sequelize } = app.database;
      const transaction = await sequelize.transaction();
      await sequelize.query(change, { replacements: { id }, transaction });

      const login = app.post('/login').send({ email, password });
      const answer = login.then(({ status }) => status);
      await eventually(insertsOfSessions, (running) => running !== '0');
      await transaction.commit();

      expect([401, 403]).toContain(await answer);
      const live = await app.models.sessions.count({ where: { userId: id, revokedAt: null } });
      expect(live).toBeLessThanOrEqual(1);
    });
  });
});
