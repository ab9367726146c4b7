import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { anAdmin, aRole, ledgerOf, userWho } from '../../support/admins.ts';
import { queriesOf } from '../../support/api-keys.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { aPerson, aUsername, signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;
const COST = 4;
/** Of bcrypt, without a known password. */
const HASH = '$2b$04$abcdefghijklmnopqrstuumYee1uJHVGmmsLk.i1IHxayKEPkzwFy';

interface Result {
  readonly index: number;
  readonly id?: string;
  readonly code?: string;
  readonly detail?: string;
}

async function importUsers(app: TestApp, token: string, users: readonly unknown[]): Promise<Result[]> {
  const { body } = await app.post('/admin/users/import').auth(token, auth).send({ users }).expect(200);
  expect(body.results.map(({ index }: Result) => index)).toEqual(users.map((_, index) => index));
  expect(body.imported).toBe(body.results.filter(({ id }: Result) => id !== undefined).length);
  expect(body.refused).toBe(users.length - body.imported);
  return body.results;
}

/** The one result; checks that no account has the address where it is a refusal. */
async function importOne(app: TestApp, token: string, user: Record<string, unknown>): Promise<Result> {
  const before = await app.models.users.count();
  const [result = { index: -1 }] = await importUsers(app, token, [user]);
  const added = (await app.models.users.count()) - before;
  expect(added).toBe(result.id === undefined ? 0 : 1);
  return result;
}

onEachDatabase((kind) => {
  describe('POST /admin/users/import', () => {
    const app = useApp(kind);

    it('creates each user with everything that was sent', async () => {
      const { token } = await anAdmin(app);
      const role = await aRole(app);
      const email = aPerson().email.toUpperCase();
      const username = aUsername();

      const { id } = await importOne(app, token, {
        email,
        username,
        name: 'Grace Hopper',
        password_hash: HASH,
        email_verified: true,
        roles: ['user', role],
        created_at: '2001-02-03T04:05:06.789Z',
      });

      const { body } = await app.get(`/admin/users/${id}`).auth(token, auth).expect(200);
      expect(body.user).toEqual({
        id,
        email,
        username,
        name: 'Grace Hopper',
        phone: null,
        language: null,
        email_verified: true,
        created_at: '2001-02-03T04:05:06.789Z',
        updated_at: '2001-02-03T04:05:06.789Z',
        roles: [role, 'user'].sort(),
        has_password: true,
        disabled_at: null,
        password_changed_at: null,
        password_change_required_at: null,
      });
    });

    it('creates a user of this moment, without a password, from an address alone', async () => {
      const { token } = await anAdmin(app);
      const { email, password } = aPerson();

      const { id } = await importOne(app, token, { email });

      const { body } = await app.get(`/admin/users/${id}`).auth(token, auth).expect(200);
      const created_at = new Date(app.clock.now()).toISOString();
      expect(body.user).toMatchObject({
        roles: ['user'],
        has_password: false,
        email_verified: false,
        created_at,
      });
      await app.post('/login').send({ email, password }).expect(401);
    });

    it.each(['$2a$', '$2b$', '$2y$'])(
      'lets the password of a hash with the prefix %s in, and makes the hash anew',
      async (prefix) => {
        const { token } = await anAdmin(app);
        const { email, password } = aPerson();
        const password_hash = (await bcrypt.hash(password, COST)).replace('$2b$', prefix);
        const { id } = await importOne(app, token, { email, password_hash });
        const stored = async () => (await app.models.users.findByPk(id))?.passwordHash;

        await app
          .post('/login')
          .send({ email, password: `${CANARY} wrong` })
          .expect(401);
        expect(await stored()).toBe(password_hash);
        await app.post('/login').send({ email, password }).expect(200);

        expect(await stored()).toMatch(/^lk1:[0-9a-f]{8}:\$2b\$04\$/);
        await app.post('/login').send({ email, password }).expect(200);
      },
    );

    it('never lets an empty password in, whatever the hash was made of, and leaves the hash as it is', async () => {
      const { token } = await anAdmin(app);
      const [one, other] = [aPerson(), aPerson()];
      const hashes = [await bcrypt.hash('', COST), (await bcrypt.hash('', COST)).replace('$2b$', '$2a$')];
      const { id = '' } = await importOne(app, token, { email: one.email, password_hash: hashes[0] });
      await importOne(app, token, { email: other.email, password_hash: hashes[1] });

      for (const { email } of [one, other]) {
        const { body } = await app.post('/login').send({ email, password: '' }).expect(401);
        expect(body.code).toBe('invalid_credentials');
        await app.post('/login').send({ email, password: '\0' }).expect(401);
      }

      expect((await app.models.users.findByPk(id))?.passwordHash).toBe(hashes[0]);
    });

    it('takes each item for itself: the wrong ones do not stop the others', async () => {
      const { token } = await anAdmin(app);
      const taken = await signUp(app, { username: aUsername() });
      const [first, last] = [aPerson().email, aPerson().email];

      const results = await importUsers(app, token, [
        { email: first, password_hash: HASH },
        { email: 'nobody' },
        { email: taken.email.toUpperCase() },
        { email: aPerson().email, username: taken.username?.toUpperCase() },
        { email: first.toUpperCase() },
        { email: aPerson().email, roles: ['no-such-role'] },
        { email: aPerson().email, password_hash: 'broken' },
        null,
        { email: last },
      ]);

      expect(results.map(({ code }) => code)).toEqual([
        undefined,
        'validation_failed',
        'email_taken',
        'username_taken',
        'email_taken',
        'unknown_role',
        'validation_failed',
        'validation_failed',
        undefined,
      ]);
      for (const { id, code, detail } of results)
        expect(detail === undefined).toBe(code === undefined || !!id);
      expect(JSON.stringify(results)).not.toContain(HASH);
      const there = await app.models.users.findAll({ where: { email: [first, last] }, raw: true });
      expect(there.map(({ id }) => id).sort()).toEqual([results[0]?.id, results[8]?.id].sort());
    });

    it('needs no transaction of its own for the others where a role is unknown', async () => {
      const { token } = await anAdmin(app);
      const users = Array.from({ length: 20 }, () => ({ email: aPerson().email }));

      const queries = await queriesOf(app, async () => {
        const [first, ...others] = await importUsers(app, token, [
          { email: aPerson().email, roles: ['user', 'no-such-role'] },
          ...users,
        ]);
        expect(first).toMatchObject({ code: 'unknown_role', detail: 'There is no role no-such-role.' });
        expect(others.every(({ id }) => id !== undefined)).toBe(true);
      });

      expect(queries.filter((sql) => sql.includes('INSERT INTO users'))).toHaveLength(1);
    });

    it('imports the first of two in one call with one address or username', async () => {
      const { token } = await anAdmin(app);
      const username = aUsername();
      const email = aPerson().email;

      const results = await importUsers(app, token, [
        { email, username },
        { email: ` ${email.toUpperCase()} ` },
        { email: aPerson().email, username: username.toUpperCase() },
        { email, username },
      ]);

      expect(results.map(({ code }) => code)).toEqual([
        undefined,
        'email_taken',
        'username_taken',
        'email_taken',
      ]);
    });

    it('leaves the username of a refused item to another', async () => {
      const { token } = await anAdmin(app);
      const { email } = await signUp(app);
      const username = aUsername();

      const results = await importUsers(app, token, [
        { email, username },
        { email: aPerson().email, username, password_hash: 'broken' },
        { email: aPerson().email, username },
      ]);

      expect(results.map(({ code }) => code)).toEqual(['email_taken', 'validation_failed', undefined]);
    });

    it.each<[what: string, hash: unknown]>([
      ['nothing', ''],
      ['a number', 5],
      ['null', null],
      ['a plain text', 'correct horse battery staple'],
      ['MD5', '$1$abcdefgh$KPBfjDvdWXZ1i0qC5r2w11'],
      ['Argon2', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWg'],
      ['a hash of our own', `lk1:a4ae8a0e:${HASH}`],
      ['a hash that was cut off', HASH.slice(0, -1)],
      ['a hash with a sign more', `${HASH}a`],
      ['a hash with a line end', `${HASH}\n`],
      ['a hash with a space before it', ` ${HASH}`],
      ['two hashes', `${HASH}\n${HASH}`],
      ['a sign that bcrypt has not', HASH.replace('abc', 'a+c')],
      ['the prefix $2x$', HASH.replace('$2b$', '$2x$')],
      ['the prefix $2$', HASH.replace('$2b$', '$2$')],
      ['cost 3', HASH.replace('$04$', '$03$')],
      ['a cost two above BCRYPT_COST', HASH.replace('$04$', '$06$')],
      ['cost 17', HASH.replace('$04$', '$17$')],
      ['cost 31, which would keep a worker for days', HASH.replace('$04$', '$31$')],
      ['a cost of one digit', HASH.replace('$04$', '$4$')],
      ['a salt with more bits than there are', `${HASH.slice(0, 28)}/${HASH.slice(29)}`],
      ['a hash with more bits than there are', `${HASH.slice(0, -1)}z`],
    ])('refuses %s in place of a hash', async (_what, password_hash) => {
      const { token } = await anAdmin(app);

      const { code, detail } = await importOne(app, token, { email: aPerson().email, password_hash });

      expect(code).toBe('validation_failed');
      expect(detail).toContain('/password_hash');
    });

    it('names the highest cost of a hash that it takes, which BCRYPT_COST decides', async () => {
      const { token } = await anAdmin(app);
      const password_hash = HASH.replace('$04$', '$06$');

      const { detail } = await importOne(app, token, { email: aPerson().email, password_hash });

      expect(detail).toBe(
        '/password_hash: Must be a bcrypt hash of cost 4 to 5, which is one above BCRYPT_COST.',
      );
    });

    it('makes every wrong password take as long as a hash that costs one above BCRYPT_COST', async () => {
      const { token } = await anAdmin(app);
      const password = `${CANARY} staple`;
      const { email } = aPerson();

      const { id } = await importOne(app, token, { email, password_hash: await bcrypt.hash(password, 5) });

      expect(app.storedCosts.workCost()).toBe(5);
      await app.post('/login').send({ email, password }).expect(200);
      const row = await app.models.users.findByPk(id);
      expect(row?.passwordHash).toMatch(/^lk1:[0-9a-f]{8}:\$2b\$04\$/);
    });

    it.each<[field: string, item: unknown]>([
      ['/email', { email: null }],
      ['/email', { email: 7 }],
      ['/email', {}],
      ['/email_verified', { email: 'a@example.com', email_verified: 'yes' }],
      ['/username', { email: 'a@example.com', username: 'a b' }],
      ['/username', { email: 'a@example.com', username: null }],
      ['/name', { email: 'a@example.com', name: 'x'.repeat(201) }],
      ['/name', { email: 'a@example.com', name: ['x'] }],
      ['/roles', { email: 'a@example.com', roles: 'user' }],
      ['/roles', { email: 'a@example.com', roles: ["'"] }],
      ['/created_at', { email: 'a@example.com', created_at: 'yesterday' }],
      ['/created_at', { email: 'a@example.com', created_at: '2001-02-30T00:00:00Z' }],
      ['/created_at', { email: 'a@example.com', created_at: 981173106 }],
      ['/created_at', { email: 'a@example.com', created_at: '2001-02-03T04:05:06+0100' }],
      ['/created_at', { email: 'a@example.com', created_at: '2001-02-03' }],
      ['/created_at', { email: 'a@example.com', created_at: '2999-02-03T04:05:06Z' }],
      ['/password', { email: 'a@example.com', password: 'canary in plain text' }],
      ['/id', { email: 'a@example.com', id: '01980000-0000-7000-8000-00000000000a' }],
      ['The body', []],
      ['The body', 'a@example.com'],
      ['The body', 5],
    ])('refuses an item of which %s is wrong: %j', async (field, item) => {
      const { token } = await anAdmin(app);

      const [refused, imported] = await importUsers(app, token, [item, { email: aPerson().email }]);

      expect(refused).toMatchObject({ code: 'validation_failed', detail: expect.stringContaining(field) });
      expect(imported?.id).toBeDefined();
    });

    it.each([
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '0999-12-31T23:59:59.999Z',
      '1000-01-01T00:00:00Z',
      '1969-12-31T23:59:59.999Z',
      '2001-02-03T04:05:06.123456789Z',
      '9999-12-31T23:59:59.999Z',
    ])('takes the time %s as it is or refuses that item, and no other', async (created_at) => {
      const { token } = await anAdmin(app);

      const [odd, imported] = await importUsers(app, token, [
        { email: aPerson().email, created_at },
        { email: aPerson().email },
      ]);

      expect(imported?.id).toBeDefined();
      if (odd?.id === undefined) return expect(odd?.code).toBe('validation_failed');
      const { body } = await app.get(`/admin/users/${odd.id}`).auth(token, auth).expect(200);
      expect(body.user.created_at).toBe(new Date(created_at).toISOString());
    });

    it('refuses items that give more than the importer may do, and gives the others what they ask for', async () => {
      const importer = await userWho(app, ['users:import', 'users:read']);
      const [same, more] = [await aRole(app, ['users:read']), await aRole(app, ['users:delete'])];

      const results = await importUsers(app, importer.token, [
        { email: aPerson().email, roles: ['user', 'admin'] },
        { email: aPerson().email, roles: [same, 'user'] },
        { email: aPerson().email, roles: [more] },
        { email: aPerson().email, roles: [same, more] },
        { email: aPerson().email },
        { email: aPerson().email, roles: [] },
      ]);

      expect(results.map(({ code }) => code)).toEqual([
        'insufficient_scope',
        undefined,
        'insufficient_scope',
        'insufficient_scope',
        undefined,
        undefined,
      ]);
      expect(results[2]?.detail).toContain('users:delete');
      const ids = results.flatMap(({ id }) => id ?? []);
      const roles = await app.store.userRoles.rolesOf(ids);
      expect(ids.map((id) => roles.get(id))).toEqual([[same, 'user'].sort(), ['user'], []]);
    });

    it('leaves no trace of a refused item in any table or in the audit log', async () => {
      const { token, id: importer } = await anAdmin(app);
      const tables = () => {
        const { users, userRoles } = app.models;
        return Promise.all([users.count(), userRoles.count()]);
      };
      const before = await tables();

      await importUsers(app, token, [
        { email: aPerson().email, roles: ['user', 'no-such-role'] },
        { email: aPerson().email, password_hash: 'broken' },
      ]);

      expect(await tables()).toEqual(before);
      const filter = { actorId: importer, type: 'user.imported' } as const;
      expect(await ledgerOf(app).list(filter, 50, undefined)).toEqual([]);
    });

    it('answers 200 to 1,000 users with the longest names in any script', async () => {
      const { token } = await anAdmin(app);
      const word = randomBytes(4).toString('hex');
      const users = Array.from({ length: 1000 }, (_, index) => ({
        email: `${word}-${index}@${'long-label.'.repeat(18)}example.com`,
        username: `${word}-${index}`,
        name: '🔑'.repeat(200),
        password_hash: HASH,
        email_verified: true,
        roles: ['user'],
        created_at: '2001-02-03T04:05:06.789Z',
      }));

      const results = await importUsers(app, token, users);

      expect(results.filter(({ id }) => id !== undefined)).toHaveLength(1000);
      expect(await app.models.users.count({ where: { name: '🔑'.repeat(200) } })).toBe(1000);
    });

    it('answers 200 to 1,000 users of whom some are wrong in each way that there is', async () => {
      const { token } = await anAdmin(app);
      const { email: taken } = await signUp(app);
      const users = Array.from({ length: 1000 }, (_, index) => {
        if (index % 100 === 7) return { email: taken };
        if (index % 100 === 13) return { email: aPerson().email, roles: ['no-such-role'] };
        if (index % 100 === 21) return { email: aPerson().email, password_hash: 'broken' };
        return { email: aPerson().email };
      });

      const results = await importUsers(app, token, users);

      const counts = new Map<string, number>();
      for (const { code = 'imported' } of results) counts.set(code, (counts.get(code) ?? 0) + 1);
      expect(Object.fromEntries(counts)).toEqual({
        imported: 970,
        email_taken: 10,
        unknown_role: 10,
        validation_failed: 10,
      });
    });
  });
});
