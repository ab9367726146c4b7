import { describe, expect, it } from '@jest/globals';
import { anOwner } from '../support/account-pages.ts';
import { onMysql } from '../support/databases.ts';
import { useMysqlBehindProxy } from '../support/mysql-behind-proxy.ts';
import { createVisitor, headingOf, problemsOf } from '../support/page-visitor.ts';

onMysql(() => {
  describe('While the database is gone', () => {
    const { app, proxy } = useMysqlBehindProxy();

    it('no page takes a user who is signed in for one who is not, and all are back with it', async () => {
      const { visitor, email } = await anOwner(app);
      await visitor.visit('/account/profile');

      await proxy.refuse();
      const saved = await visitor.press('save', { name: 'Grace' });
      const pages = [await visitor.open('/account'), await visitor.open('/sign-in'), saved];
      await proxy.restore();

      for (const page of pages) {
        expect([page.status, headingOf(page)]).toEqual([503, 'This does not work right now']);
        expect(page.headers['retry-after']).toBe('1');
      }
      expect((await visitor.visit('/sign-in')).status).toBe(200);
      expect(visitor.path()).toBe('/account');
      expect(await visitor.whoAmI()).toBe(email);
    });

    it('the form to sign in says that it does not work now', async () => {
      const visitor = createVisitor(app);
      await proxy.refuse();

      const page = await visitor.open('/sign-in');
      const refused = await visitor.press('password', { identifier: 'ada@example.com', password: 'x' });
      await proxy.restore();

      expect([page.status, refused.status]).toEqual([200, 503]);
      expect(problemsOf(refused)).toEqual([expect.any(String)]);
    });
  });
});
