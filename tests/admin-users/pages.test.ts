import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;
const USERS = 450;

async function importMany(app: TestApp, token: string, count: number, prefix = ''): Promise<string[]> {
  const users = Array.from({ length: count }, () => ({ email: `${prefix}${aPerson().email}` }));
  const { body } = await app.post('/admin/users/import').auth(token, auth).send({ users }).expect(200);
  return body.results.map(({ id }: { id: string }) => id);
}

onEachDatabase((kind) => {
  describe('The pages of GET /admin/users', () => {
    const app = useApp(kind);

    /** All pages, and what is done between two of them. */
    async function pages(token: string, query: object, between: () => Promise<unknown> = async () => {}) {
      const found: { id: string }[][] = [];
      let asked: object = query;
      for (;;) {
        const { body } = await app.get('/admin/users').query(asked).auth(token, auth).expect(200);
        found.push(body.users);
        if (body.next_cursor === null) return found;
        asked = { ...query, cursor: body.next_cursor };
        await between();
      }
    }

    it('hold each of 450 users exactly once while others sign up, also in the same millisecond', async () => {
      const { token } = await anAdmin(app);
      const old = new Set(await importMany(app, token, USERS));

      const found = await pages(token, { limit: 200 }, async () => {
        await Promise.all(Array.from({ length: 10 }, () => signUp(app)));
        app.clock.advanceSeconds(0.001);
        await signUp(app);
      });

      expect(found.slice(0, 2).map((page) => page.length)).toEqual([200, 200]);
      const ids = found.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => old.has(id)).sort()).toEqual([...old].sort());
    });

    it('hold each of those who stay exactly once while others are deleted, the last of a page included', async () => {
      const { token } = await anAdmin(app);
      const prefix = randomBytes(4).toString('hex');
      const ids = (await importMany(app, token, 50, prefix)).sort();
      const gone = new Set([ids[9], ids[10], ids[30]]);

      const found = await pages(token, { limit: 10, search: prefix }, async () => {
        await app.models.users.destroy({ where: { id: [...gone] as string[] } });
      });

      const rest = found.flat().map(({ id }) => id);
      expect(rest).toEqual(ids.filter((id) => id === ids[9] || !gone.has(id)));
    });

    it('come in the order in which users came, whatever the time that an import says', async () => {
      const { token } = await anAdmin(app);
      const prefix = randomBytes(4).toString('hex');
      const expected: string[] = [];
      for (const created_at of [undefined, '2001-02-03T04:05:06.007Z', undefined]) {
        app.clock.advanceSeconds(1);
        const users = [{ email: `${prefix}${aPerson().email}`, ...(created_at && { created_at }) }];
        const { body } = await app.post('/admin/users/import').auth(token, auth).send({ users }).expect(200);
        expected.push(body.results[0].id);
      }

      const found = await pages(token, { limit: 1, search: prefix });

      expect(found.flat().map(({ id }) => id)).toEqual(expected);
    });

    it('end with a full one where the number of users is a multiple of its size', async () => {
      const { token } = await anAdmin(app);
      const prefix = randomBytes(4).toString('hex');
      await importMany(app, token, 20, prefix);

      const found = await pages(token, { limit: 10, search: prefix });

      expect(found.map((page) => page.length)).toEqual([10, 10]);
    });

    it('go on behind a cursor whose user is gone, and end behind the last', async () => {
      const { token } = await anAdmin(app);

      for (const [cursor, found] of [
        ['00000000-0000-0000-0000-000000000000', true],
        ['ffffffff-ffff-ffff-ffff-ffffffffffff', false],
      ] as const) {
        const { body } = await app.get('/admin/users').query({ cursor }).auth(token, auth).expect(200);
        expect(body.users.length > 0).toBe(found);
      }
    });
  });
});
