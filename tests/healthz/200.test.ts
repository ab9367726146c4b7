import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { countQueries } from '../support/queries.ts';

onEachDatabase((kind) => {
  describe('GET /healthz', () => {
    const app = useApp(kind);

    it('answers 200 with the status ok, for no cache to keep', async () => {
      const response = await app.get('/healthz').expect(200);

      expect(response.type).toBe('application/json');
      expect(response.headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(response.body).toEqual({ status: 'ok' });
    });

    it('answers 200 to HEAD, without a body', async () => {
      const response = await app.head('/healthz').expect(200);

      expect(response.text ?? '').toBe('');
    });

    it('answers 200 without asking the database, so that a dead one gets no process restarted', async () => {
      const asked = (path: string) => countQueries(app, () => app.get(path).expect(200));

      expect(await asked('/readyz')).toBeGreaterThan(0);
      expect(await asked('/healthz')).toBe(0);
    });

    it('answers 200 even while the schema is behind', async () => {
      await app.database.sequelize.query('ALTER TABLE SequelizeMeta RENAME TO away');

      await app.get('/healthz').expect(200);

      await app.database.sequelize.query('ALTER TABLE away RENAME TO SequelizeMeta');
    });

    it('answers 200 to a token that means nothing, since probes need none', async () => {
      await app.get('/healthz').set('Authorization', 'Bearer garbage').expect(200);
    });

    it('is logged at level debug only', async () => {
      const linesBefore = app.logs.lines.length;

      await app.get('/healthz').expect(200);

      const [entry, ...others] = app.logs.entries().slice(linesBefore);
      expect(others).toEqual([]);
      expect(entry).toMatchObject({ level: 20, req: { method: 'GET' }, route: '/healthz' });
    });
  });
});
