import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /admin/users?search=', () => {
    const app = useApp(kind);

    async function found(token: string, search: string, more: Record<string, string> = {}) {
      const { body } = await app
        .get('/admin/users')
        .query({ search, ...more })
        .auth(token, { type: 'bearer' })
        .expect(200);
      return body.users.map(({ email }: { email: string }) => email);
    }

    it.each([
      'münchen.de',
      'MÜNCHEN.de',
      'mail.münchen.de',
      'münchen.example.org',
      'пример.испытание',
      '例え.テスト',
      'faß.de',
      'example.com',
      'xn--mnchen-3ya.de',
      'mailbox.org',
    ])(
      'finds an address at %s by whatever part of it the list shows, from the first character on',
      async (domain) => {
        const { token } = await anAdmin(app);
        const local = `Ä${randomBytes(5).toString('hex')}`;
        const email = `${local}@${domain}`;
        await signUp(app, { email });

        for (let length = local.length; length <= email.length; length++) {
          const search = email.slice(0, length);
          expect({ search, found: await found(token, search) }).toEqual({ search, found: [email] });
          const capitals = search.toUpperCase();
          // The capital of ß is SS, which is another domain.
          if (!search.includes('ß')) expect(await found(token, ` ${capitals} `)).toEqual([email]);
        }
      },
    );

    it('does not find other domains by a whole label', async () => {
      const { token } = await anAdmin(app);
      const local = randomBytes(5).toString('hex');
      for (const domain of ['münchen.de', 'mönchen.de', 'munchen.de']) {
        await signUp(app, { email: `${local}@${domain}` });
      }

      expect(await found(token, `${local}@münchen.d`)).toEqual([`${local}@münchen.de`]);
      expect(await found(token, `${local}@munchen`)).toEqual([`${local}@munchen.de`]);
      expect(await found(token, `${local}@`)).toHaveLength(3);
    });

    it('gives each user once, on the right page', async () => {
      const { token } = await anAdmin(app);
      const local = randomBytes(5).toString('hex');
      const emails = ['m.de', 'münchen.de', 'mond.de', 'mößbach.de'].map((domain) => `${local}@${domain}`);
      for (const email of emails) await signUp(app, { email });

      const get = (cursor?: string) =>
        app
          .get('/admin/users')
          .query({ search: `${local}@m`, limit: '3', ...(cursor && { cursor }) })
          .auth(token, { type: 'bearer' })
          .expect(200);
      const first = await get();
      const second = await get(first.body.next_cursor);

      const shown = [...first.body.users, ...second.body.users].map(({ email }) => email);
      expect(shown.sort()).toEqual(emails.sort());
      expect(second.body.next_cursor).toBeNull();
    });

    it('goes together with a role and a state', async () => {
      const { token } = await anAdmin(app);
      const email = `${randomBytes(5).toString('hex')}@münchen.de`;
      await signUp(app, { email });

      expect(await found(token, email, { role: 'user', state: 'active' })).toEqual([email]);
      expect(await found(token, email, { role: 'admin' })).toEqual([]);
      expect(await found(token, email, { state: 'disabled' })).toEqual([]);
    });
  });
});
