import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin, aRole, OPERATOR, type SignedUp, userAdminOf } from '../support/admins.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;

/** The ids that a list of these finds. */
async function listed(app: TestApp, { token }: SignedUp, query: Record<string, string>): Promise<string[]> {
  const { body } = await app.get('/admin/users').query(query).auth(token, auth).expect(200);
  return body.users.map(({ id }: { id: string }) => id);
}

onEachDatabase((kind) => {
  describe('GET /admin/users', () => {
    const app = useApp(kind);

    it('answers 200 with all that the service knows of each user, and no hash', async () => {
      const admin = await anAdmin(app);
      const person = await signUp(app, { username: aUsername(), name: 'Grace Hopper' });

      const query = { search: person.email };
      const { body } = await app.get('/admin/users').query(query).auth(admin.token, auth).expect(200);

      const at = new Date(app.clock.now()).toISOString();
      expect(body).toEqual({
        users: [
          {
            id: person.id,
            email: person.email,
            username: person.username,
            name: 'Grace Hopper',
            phone: null,
            language: null,
            email_verified: false,
            created_at: at,
            updated_at: at,
            roles: ['user'],
            has_password: true,
            disabled_at: null,
            password_changed_at: null,
            password_change_required_at: null,
          },
        ],
        next_cursor: null,
      });
    });

    it('answers 200 to a search for how an email address, a username or an id begins, in whatever case', async () => {
      const admin = await anAdmin(app);
      const word = randomBytes(5).toString('hex');
      const { id } = await signUp(app, { email: `Ab-${word}@Example.com`, username: `Xy-${word}` });

      for (const search of [
        `ab-${word}`,
        `AB-${word.toUpperCase()}@EXAMPLE.COM`,
        `xY-${word}`,
        `xy-${word.slice(0, -1)}`,
        `  ab-${word} `,
        id,
        id.toUpperCase(),
        id.slice(0, -1),
      ]) {
        expect(await listed(app, admin, { search })).toContain(id);
      }
    });

    it('answers 200 to a search, without users in whom the word stands elsewhere than at the beginning', async () => {
      const admin = await anAdmin(app);
      const word = randomBytes(5).toString('hex');
      await signUp(app, { email: `ab${word}@example.com`, username: `x${word}`, name: word });

      expect(await listed(app, admin, { search: word })).toEqual([]);
      expect(await listed(app, admin, { search: `b${word}` })).toEqual([]);
    });

    it('answers 200 to a search for signs that mean something in SQL as for any others', async () => {
      const admin = await anAdmin(app);
      const word = randomBytes(4).toString('hex');
      const people: Record<string, string> = {};
      for (const sign of ['%', '_', "'", 'x', '--', '+']) {
        people[sign] = (await signUp(app, { email: `${word}${sign}z@example.com` })).id;
      }

      for (const [sign, id] of Object.entries(people)) {
        expect(await listed(app, admin, { search: `${word}${sign}` })).toEqual([id]);
        expect(await listed(app, admin, { search: `${word}${sign}z@` })).toEqual([id]);
      }
      for (const search of ['%', '_', '%%', `%${word}`, "' OR 1=1 --", "'", '"', '\\', '\\%', '*']) {
        expect(await listed(app, admin, { search })).toEqual([]);
      }
      expect((await listed(app, admin, { search: word })).sort()).toEqual(Object.values(people).sort());
    });

    it('answers 200 to a search in any script, in either of its Unicode forms', async () => {
      const admin = await anAdmin(app);
      const word = randomBytes(4).toString('hex');
      const { id } = await signUp(app, { email: `${word}ÄÖé风@example.com` });

      for (const search of [`${word}äöé`, `${word}ÄO\u0308e\u0301风`, `${word}äöé风@`]) {
        expect(await listed(app, admin, { search })).toEqual([id]);
      }
      expect(await listed(app, admin, { search: `${word}a` })).toEqual([]);
    });

    it('answers 200 to filters by role and by state, which go together', async () => {
      const admin = await anAdmin(app);
      const role = await aRole(app);
      const word = randomBytes(5).toString('hex');
      const [plain, special, disabled] = [
        await signUp(app, { email: `${word}-1@example.com` }),
        await signUp(app, { email: `${word}-2@example.com` }),
        await signUp(app, { email: `${word}-3@example.com` }),
      ];
      for (const { id } of [special, disabled]) await app.store.userRoles.add(id, [role]);
      await userAdminOf(app).disable(disabled.id, OPERATOR);
      const ids = (query: Record<string, string>) => listed(app, admin, query).then((found) => found.sort());

      expect(await ids({ role })).toEqual([special.id, disabled.id].sort());
      expect(await ids({ role, state: 'active' })).toEqual([special.id]);
      expect(await ids({ role, state: 'disabled' })).toEqual([disabled.id]);
      expect(await ids({ search: word })).toEqual([plain.id, special.id, disabled.id].sort());
      expect(await ids({ search: word, state: 'active' })).toEqual([plain.id, special.id].sort());
      expect(await ids({ search: `${word}-1`, role })).toEqual([]);
      expect(await ids({ role: 'no-such-role' })).toEqual([]);
    });

    it('answers 200 with at most 50 users where no limit is given', async () => {
      const admin = await anAdmin(app);
      const users = Array.from({ length: 60 }, () => ({ email: aPerson().email }));
      await app.post('/admin/users/import').auth(admin.token, auth).send({ users }).expect(200);

      const { body } = await app.get('/admin/users').auth(admin.token, auth).expect(200);

      expect(body.users).toHaveLength(50);
      expect(body.next_cursor).toBe(body.users[49].id);
    });

    it('answers 200 with a cursor in capital letters as with any other', async () => {
      const admin = await anAdmin(app);
      await signUp(app);
      const page = (cursor: string) =>
        app.get('/admin/users').query({ limit: 1, cursor }).auth(admin.token, auth).expect(200);
      const first = await app.get('/admin/users?limit=1').auth(admin.token, auth).expect(200);

      const shouted = await page(first.body.next_cursor.toUpperCase());

      expect(shouted.body).toEqual((await page(first.body.next_cursor)).body);
      expect(shouted.body.users[0].id).not.toBe(first.body.users[0].id);
    });
  });

  describe('GET /admin/users/{id}', () => {
    const app = useApp(kind);

    it('answers 200 with the roles in order, and with what became of the account', async () => {
      const admin = await anAdmin(app);
      const { id } = await signUp(app);
      await app.store.userRoles.add(id, ['admin']);
      await app.post(`/admin/users/${id}/force-password-change`).auth(admin.token, auth).expect(200);
      await app.post(`/admin/users/${id}/disable`).auth(admin.token, auth).expect(200);

      const { body } = await app.get(`/admin/users/${id}`).auth(admin.token, auth).expect(200);

      const at = new Date(app.clock.now()).toISOString();
      expect(body.user).toMatchObject({
        id,
        roles: ['admin', 'user'],
        disabled_at: at,
        password_change_required_at: at,
      });
    });
  });

  describe('PATCH /admin/users/{id}', () => {
    const app = useApp(kind);

    it('changes what was sent and nothing else', async () => {
      const admin = await anAdmin(app);
      const person = await signUp(app, { username: aUsername(), name: 'Before' });
      const path = `/admin/users/${person.id}`;
      const { body: before } = await app.get(path).auth(admin.token, auth).expect(200);
      app.clock.advanceSeconds(1);

      const email = aPerson().email.toUpperCase();
      const username = aUsername();
      const at = new Date(app.clock.now()).toISOString();
      let expected = { ...before.user, updated_at: at };
      for (const [change, shown] of [
        [{ name: ' After ' }, { name: 'After' }],
        [{ name: '' }, { name: null }],
        [{ name: 'Again' }, { name: 'Again' }],
        [{ name: null }, { name: null }],
        [{ username: null }, { username: null }],
        [{ username }, { username }],
        [{ language: 'pt-br' }, { language: 'pt-BR' }],
        [{ language: null }, { language: null }],
        [{ email }, { email }],
        [{ email_verified: true }, { email_verified: true }],
        [{ email_verified: false }, { email_verified: false }],
      ]) {
        const { body } = await app.patch(path).auth(admin.token, auth).send(change).expect(200);
        expected = { ...expected, ...shown };
        expect(body.user).toEqual(expected);
      }
      expect((await app.get(path).auth(admin.token, auth).expect(200)).body.user).toEqual(expected);
    });

    it('lets the person log in with the new address from then on and not with the old one', async () => {
      const admin = await anAdmin(app);
      const { id, email, password, token } = await signUp(app);
      const changed = aPerson().email;

      const patched = app.patch(`/admin/users/${id}`).auth(admin.token, auth).send({ email: changed });
      await patched.expect(200);

      await app.post('/login').send({ email: changed, password }).expect(200);
      await app.post('/login').send({ email, password }).expect(401);
      expect((await app.get('/me').auth(token, auth).expect(200)).body.user.email).toBe(changed);
    });

    it('does not take over the verification of the former address, except where only the case differs', async () => {
      const admin = await anAdmin(app);
      const { id, email } = await signUp(app);
      const patch = async (change: object) => {
        const sent = app.patch(`/admin/users/${id}`).auth(admin.token, auth).send(change);
        return (await sent.expect(200)).body.user.email_verified;
      };
      await patch({ email_verified: true });

      expect(await patch({ email: email.toUpperCase(), name: 'Grace' })).toBe(true);
      expect(await patch({ email: aPerson().email })).toBe(false);
      expect(await patch({ email: aPerson().email, email_verified: true })).toBe(true);
      expect(await patch({ name: 'Ada' })).toBe(true);
    });

    it('answers 200 to a change of a disabled account, and to one of only the case', async () => {
      const admin = await anAdmin(app);
      const { id, email } = await signUp(app);
      await userAdminOf(app).disable(id, OPERATOR);

      const change = { email: email.toUpperCase() };
      const { body } = await app.patch(`/admin/users/${id}`).auth(admin.token, auth).send(change).expect(200);

      expect(body.user.email).toBe(email.toUpperCase());
    });
  });
});
