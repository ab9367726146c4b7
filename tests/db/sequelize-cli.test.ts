import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { PERMISSIONS } from '../../config/baseline.cjs';
import { type DatabaseConfig, loadConfig } from '../../src/config/config.ts';
import { hashOfToken } from '../../src/core/codes/secrets.ts';
import { createPasswordHasher } from '../../src/core/passwords/hash.ts';
import { parseEmail, parseUsername } from '../../src/core/users/identifiers.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { applyMigrations, isSchemaCurrent, pendingMigrations } from '../../src/db/migrate.ts';
import { createStore } from '../../src/db/store.ts';
import { roleStoresOf } from '../../src/features/roles/stores.ts';
import { NOTHING_ELSE } from '../support/cli-database.ts';
import { createTestDatabase, onEachDatabase, onMysql, type TestDatabase } from '../support/databases.ts';
import { isLongForm } from '../support/extent.ts';
import { recordedRevocations } from '../support/feed.ts';
import { hashHere } from '../support/hashing.ts';
import { runCliHere } from '../support/migrations.ts';
import { modelsOf } from '../support/models.ts';
import { createMigratedDatabase } from '../support/template.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = fileURLToPath(new URL('../../node_modules/.bin/sequelize-cli', import.meta.url));
const PERSON = '01980000-0000-7000-8000-00000000000e';
const OTHER = '01980000-0000-7000-8000-00000000000f';
const DEMO_PASSWORD = 'correct horse battery staple';

interface Run {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs `sequelize-cli` from the checkout, as a developer or a deployment does. */
function runCli(args: readonly string[], env: Record<string, string>): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      CLI,
      args,
      { cwd: CHECKOUT, env: { PATH: process.env.PATH, ...NOTHING_ELSE, ...env } },
      (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** The two ways to name an environment: the variable, and the option where there is no variable. */
const WAYS = [
  ...['development', 'test', 'production'].map((environment) => ({
    way: `NODE_ENV=${environment}`,
    environment,
    args: [],
    env: { NODE_ENV: environment },
  })),
  {
    way: '--env production',
    environment: 'production',
    args: ['--env', 'production'],
    env: { NODE_ENV: '' },
  },
];

onEachDatabase((kind) => {
  describe('sequelize-cli', () => {
    const opened: { database: Database; testDatabase: TestDatabase }[] = [];

    afterEach(async () => {
      for (const { database, testDatabase } of opened.splice(0)) {
        await database.close();
        await testDatabase.drop();
      }
    });

    /**
     * A database as the server sees it and as the command line reaches it: `cli` is a run of that, `command` one that has
     * to succeed and that is about the migrations and seeders alone, which need no process but in the long form.
     */
    async function reach(testDatabase: TestDatabase) {
      const config: DatabaseConfig = loadConfig({ DATABASE_URL: testDatabase.url }).database;
      const database = await connectDatabase(config);
      opened.push({ database, testDatabase });
      const cli = (args: readonly string[], env: Record<string, string> = {}) =>
        runCli(args, { DATABASE_URL: testDatabase.url, ...env });
      const command = async (...args: string[]) => {
        if (isLongForm()) expect(await cli(args)).toMatchObject({ exitCode: 0 });
        else await runCliHere(args, testDatabase.url);
      };
      return { config, database, cli, command };
    }

    const freshDatabase = async () => reach(await createTestDatabase(kind));

    /** Migrated by the server, so that the command line is only asked what a test is about. */
    const migratedDatabase = async () => reach(await createMigratedDatabase(kind));

    async function emailsIn(database: Database): Promise<(string | null)[]> {
      return (await modelsOf(database).users.findAll()).map(({ email }) => email);
    }

    function insertPerson(database: Database, email: string) {
      return createStore(database, roleStoresOf).users.insert({
        id: '01980000-0000-7000-8000-00000000000a',
        email: { shown: email, canonical: email.toLowerCase() },
        username: null,
        name: null,
        passwordHash: 'x',
        createdAt: new Date(),
      });
    }

    // Which environment it is has nothing to do with the database.
    const ways = kind === 'SQLite' || isLongForm() ? WAYS : WAYS.slice(0, 1);
    describe.each(ways)('with $way', ({ environment, args, env }) => {
      const people = environment === 'production' ? [] : ['demo@example.com'];
      const said = environment === 'production' ? 'adds no user' : 'adds the demo user, once';

      it(`db:migrate brings the schema to where the server wants it, and db:seed:all ${said}`, async () => {
        const { config, database, cli } = await freshDatabase();
        expect(await pendingMigrations(database)).not.toEqual([]);

        const { exitCode, output } = await cli(['db:migrate', ...args], env);

        expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
        expect(output).toContain(`Using environment "${environment}"`);
        expect(await pendingMigrations(database)).toEqual([]);
        expect(await isSchemaCurrent(database, 1000)).toBe(true);
        expect(await applyMigrations(config)).toEqual([]);
        expect(await emailsIn(database)).toEqual([]);

        const first = await cli(['db:seed:all', ...args], env);
        const second = await cli(['db:seed:all', ...args], env);

        expect([first, second]).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
        expect(await emailsIn(database)).toEqual(people);
      });
    });

    it('db:migrate finds nothing to do after the server has migrated', async () => {
      const { config, cli } = await freshDatabase();
      expect(await applyMigrations(config)).not.toEqual([]);

      const { exitCode, output } = await cli(['db:migrate']);

      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(output).toContain('No migrations were executed, database schema was already up to date.');
    });

    it('db:migrate:undo takes back the last migration, and db:migrate brings it again', async () => {
      const { config, database, cli, command } = await freshDatabase();
      const all = await pendingMigrations(database);
      await applyMigrations(config);

      const { exitCode, output } = await cli(['db:migrate:undo']);

      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(await pendingMigrations(database)).toEqual(all.slice(-1));
      expect(await isSchemaCurrent(database, 1000)).toBe(false);
      await command('db:migrate');
      expect(await pendingMigrations(database)).toEqual([]);
    });

    it('db:migrate:undo:all leaves no table but its own', async () => {
      const { database, cli } = await migratedDatabase();

      expect(await cli(['db:migrate:undo:all'])).toMatchObject({ exitCode: 0 });

      const tables = await database.sequelize.getQueryInterface().showAllTables();
      expect(tables.filter((table) => table !== 'SequelizeMeta')).toEqual([]);
    });

    it('db:seed:all makes a demo user who is found by both identifiers and whose password is right', async () => {
      const { database, command } = await migratedDatabase();
      await command('db:seed:all');
      const { users } = createStore(database, roleStoresOf);

      const user = await users.findByEmail(parseEmail('demo@example.com')?.canonical ?? '');

      expect(await users.findByUsername(parseUsername('demo')?.canonical ?? '')).toEqual(user);
      expect(user).toMatchObject({ email: 'demo@example.com', username: 'demo', disabledAt: null });
      const hasher = createPasswordHasher(4, undefined, hashHere);
      expect(await hasher.verify(DEMO_PASSWORD, user?.passwordHash ?? null, 'client')).toEqual({
        matches: true,
        outdated: true,
      });
    });

    it('db:seed:all does not touch the account of a person who has one of its identifiers', async () => {
      const { database, command } = await migratedDatabase();
      const { users } = createStore(database, roleStoresOf);
      const person = await insertPerson(database, 'Demo@Example.com');

      await command('db:seed:all');

      expect(await users.findByEmail('demo@example.com')).toEqual(person);
      expect(await emailsIn(database)).toEqual(['Demo@Example.com']);
    });

    it('db:migrate brings the roles and permissions of the service, admin with all of these', async () => {
      const { database, command } = await freshDatabase();
      const at = Date.now();

      await command('db:migrate');

      const { permissions, ...stores } = createStore(database, roleStoresOf);
      const named = await permissions.list(1000, undefined);
      expect(Object.fromEntries(named.map(({ name, description }) => [name, description]))).toEqual(
        PERMISSIONS,
      );
      const roles = await stores.roles.list(1000, undefined);
      expect(roles.map((role) => [role.name, role.permissions])).toEqual([
        ['admin', Object.keys(PERMISSIONS).sort()],
        ['user', []],
      ]);
      for (const { version } of roles) expect(Math.abs(version.getTime() - at)).toBeLessThan(60_000);
    });

    it('db:migrate gives everybody who was there before roles the role user', async () => {
      const { database, command } = await freshDatabase();
      const roles = '20261120000300-create-roles.cjs';
      await command('db:migrate', '--to', '20261120000200-create-login-failures.cjs');
      const at = new Date();
      const ids = ['a', 'b'].map((end) => `01980000-0000-7000-8000-00000000000${end}`);
      const row = (id: string) => ({ id, email: id, email_canonical: id, created_at: at, updated_at: at });
      await database.sequelize.getQueryInterface().bulkInsert('users', ids.map(row));

      await command('db:migrate', '--to', roles);

      const { userRoles } = createStore(database, roleStoresOf);
      expect([...(await userRoles.rolesOf(ids))]).toEqual(ids.map((id) => [id, ['user']]));
      expect([...(await userRoles.permissionsOf(['user']))]).toEqual([]);
    });

    it('db:migrate:undo takes the roles back and leaves the people, and db:migrate brings both together', async () => {
      const { database, command } = await migratedDatabase();
      const { userRoles, roles, revocations } = createStore(database, roleStoresOf);
      const person = await insertPerson(database, 'ada@example.com');
      const at = new Date();
      const name = 'r'.repeat(64);
      await roles.insert({ name, description: null, permissions: ['users:read'] }, at);
      await userRoles.add(person.id, ['user', 'admin', name]);
      await revocations.insert([{ kind: 'role', subjectId: name, notBefore: at, expiresAt: at }], at);

      const before = ['--to', '20261120000300-create-roles.cjs'];
      await command('db:migrate:undo:all', ...before);

      const tables = await database.sequelize.getQueryInterface().showAllTables();
      for (const table of ['roles', 'permissions', 'role_permissions', 'user_roles']) {
        expect(tables).not.toContain(table);
      }
      const columns = await database.sequelize.getQueryInterface().describeTable('users');
      expect(columns).not.toHaveProperty('rights_version');
      await command('db:migrate');
      expect(await emailsIn(database)).toEqual(['ada@example.com']);
      expect(await userRoles.rolesOf([person.id])).toEqual(new Map([[person.id, ['user']]]));
      expect(await roles.find(name)).toBeNull();
      expect(await recordedRevocations({ database })).toEqual([]);
    });

    /** A database before codes and links, in which one person has a row wherever something refers to users. */
    async function beforeCodes() {
      const reached = await freshDatabase();
      await reached.command('db:migrate', '--to', '20261129020000-keep-cookie-sessions.cjs');
      const queryInterface = reached.database.sequelize.getQueryInterface();
      const at = new Date(1_800_000_000_000);
      const times = { created_at: at, updated_at: at };
      const person = { id: PERSON, email: 'Ada@example.com', email_canonical: 'ada@example.com', ...times };
      await queryInterface.bulkInsert('users', [{ ...person, password_hash: 'x', name: 'Ada' }]);
      await queryInterface.bulkInsert('user_roles', [{ user_id: PERSON, role: 'user' }]);
      await queryInterface.bulkInsert('sessions', [
        {
          ...{ id: PERSON, user_id: PERSON, method: 'password', created_at: at, last_used_at: at },
          ...{ idle_expires_at: at, absolute_expires_at: at, refresh_counter: 0 },
        },
      ]);
      await queryInterface.bulkInsert('api_keys', [
        {
          ...{ id: PERSON, user_id: PERSON, name: 'A key', hash: 'k'.repeat(64), prefix: 'lck_1' },
          ...{ last_four: 'last', created_at: at },
        },
      ]);
      const expires_at = new Date(at.getTime() + 3_600_000);
      await queryInterface.bulkInsert('password_reset_tokens', [
        { user_id: PERSON, hash: hashOfToken('a token'), created_at: at, expires_at },
      ]);
      return { ...reached, queryInterface, at, expiresAt: expires_at };
    }

    const REFERRING = ['users', 'user_roles', 'sessions', 'api_keys'];

    async function rowsOf(database: Database): Promise<Record<string, Record<string, unknown>[]>> {
      const rows: Record<string, Record<string, unknown>[]> = {};
      for (const table of REFERRING) {
        const [found] = await database.sequelize.query(`SELECT * FROM ${table}`);
        rows[table] = found as Record<string, unknown>[];
      }
      return rows;
    }

    it('db:migrate keeps people, what refers to them and their live reset links when codes and links come', async () => {
      const { database, command, at, expiresAt } = await beforeCodes();
      const before = await rowsOf(database);

      await command('db:migrate');

      const { users = [], ...others } = await rowsOf(database);
      expect({ ...others, users }).toEqual({
        ...before,
        users: before.users?.map((user) => ({
          ...user,
          phone: null,
          language: null,
          second_factor_since: null,
        })),
      });
      expect(Object.values(before).map(({ length }) => length)).toEqual(REFERRING.map(() => 1));
      const { challenges } = createStore(database, roleStoresOf);
      expect(await challenges.findByLink(hashOfToken('a token'))).toMatchObject({
        purpose: 'password_reset',
        latestOf: `password_reset user:${PERSON}`,
        userId: PERSON,
        tries: 0,
        createdAt: at,
        expiresAt,
        usedAt: null,
      });
      expect(await isSchemaCurrent(database, 1000)).toBe(true);
    });

    it('db:migrate lets people have a phone number and no email address, each number once', async () => {
      const { database, command } = await beforeCodes();
      await command('db:migrate');
      const { users } = createStore(database, roleStoresOf);
      const byPhone = (id: string, phone: string) =>
        users.insert({
          ...{ id, phone, email: null, username: null, name: null, passwordHash: null },
          createdAt: new Date(),
        });

      await byPhone('01980000-0000-7000-8000-00000000000b', '+4915112345678');
      await byPhone('01980000-0000-7000-8000-00000000000c', '+4915112345679');

      expect(await users.findByPhone('+4915112345678')).toMatchObject({ email: null });
      await expect(byPhone('01980000-0000-7000-8000-00000000000d', '+4915112345679')).rejects.toMatchObject({
        code: 'phone_taken',
      });
      await expect(insertPerson(database, 'ADA@example.com')).rejects.toMatchObject({ code: 'email_taken' });
    });

    it('db:migrate:undo takes codes and links back, and with them people whom nobody could sign in to', async () => {
      const { database, command, queryInterface, at } = await beforeCodes();
      const before = await rowsOf(database);
      await command('db:migrate');
      const { users } = createStore(database, roleStoresOf);
      await users.insert({
        ...{ id: '01980000-0000-7000-8000-00000000000b', phone: '+4915112345678', email: null },
        ...{ username: null, name: null, passwordHash: null, createdAt: at },
      });

      await command('db:migrate:undo:all', '--to', '20261129030000-send-codes-and-links.cjs');

      expect(await rowsOf(database)).toEqual(before);
      const tables = await queryInterface.showAllTables();
      expect(tables).toContain('password_reset_tokens');
      for (const table of ['challenges', 'counts', 'outbox']) expect(tables).not.toContain(table);
      const nameless = { id: '01980000-0000-7000-8000-00000000000c', created_at: at, updated_at: at };
      await expect(queryInterface.bulkInsert('users', [nameless])).rejects.toMatchObject({
        parent: { message: expect.stringContaining('email') },
      });
      await command('db:migrate');
      expect(await emailsIn(database)).toEqual(['Ada@example.com']);
      expect(await isSchemaCurrent(database, 1000)).toBe(true);
    });

    it('db:migrate:undo takes the accounts at providers back, and leaves their users as they are', async () => {
      const { database, command, queryInterface, at } = await beforeCodes();
      await command('db:migrate');
      const before = await rowsOf(database);
      const { identities } = createStore(database, roleStoresOf);
      const key = { provider: 'google', issuer: 'https://accounts.google.com', subject: 'Ada' };
      const content = { email: null, tokens: null, createdAt: at, lastUsedAt: at };
      await identities.insert({ id: PERSON, userId: PERSON, ...key, ...content });
      await identities.insert({ id: OTHER, userId: PERSON, ...key, subject: 'ada', ...content });

      await command('db:migrate:undo:all', '--to', '20261129040000-create-identities.cjs');

      const users = before.users?.map(({ second_factor_since: _added, ...user }) => user);
      expect(await rowsOf(database)).toEqual({ ...before, users });
      expect(await queryInterface.showAllTables()).not.toContain('identities');
      await command('db:migrate');
      expect(await isSchemaCurrent(database, 1000)).toBe(true);
    });

    it('db:migrate:undo takes second factors back with the permission to reset them, and leaves everything else', async () => {
      const { database, cli, command, queryInterface, at } = await beforeCodes();
      const before = '20261129040000-create-identities.cjs';
      await command('db:migrate', '--to', before);
      const rows = await rowsOf(database);
      await command('db:migrate');
      const { factors, permissions } = createStore(database, roleStoresOf);
      const unused = { name: null, lastStep: null, lastUsedAt: null };
      await factors.insertTotp([
        { ...unused, id: PERSON, userId: PERSON, secret: 'sealed', confirmedAt: at, createdAt: at },
      ]);

      expect(await cli(['db:migrate:undo'])).toMatchObject({ exitCode: 0 });

      expect(await rowsOf(database)).toEqual(rows);
      const tables = await queryInterface.showAllTables();
      for (const table of ['totp_factors', 'recovery_codes', 'remembered_devices', 'passkeys'])
        expect(tables).not.toContain(table);
      expect((await permissions.list(1000, undefined)).map(({ name }) => name)).not.toContain(
        'users:reset-factors',
      );
      await command('db:migrate');
      expect(await isSchemaCurrent(database, 1000)).toBe(true);
    });

    // The definition of the table is edited in its place there: no text of a column may be left out of it.
    if (kind === 'SQLite') {
      it('db:migrate leaves an SQLite file that is sound, with every constraint but those that it takes away', async () => {
        const { database, command } = await beforeCodes();
        const definition = async () => {
          const [[row]] = await database.sequelize.query(
            "SELECT sql FROM sqlite_schema WHERE name = 'users'",
          );
          return (row as { sql: string }).sql;
        };
        const before = await definition();

        await command('db:migrate');

        const columns = ['email', 'email_canonical'];
        const lenient = columns.reduce(
          (sql, column) => sql.replace(`\`${column}\` VARCHAR(254) NOT NULL`, `\`${column}\` VARCHAR(254)`),
          before,
        );
        const added = '`phone` VARCHAR(16), `language` VARCHAR(35), `second_factor_since` DATETIME';
        expect(lenient).not.toBe(before);
        expect((await definition()).replaceAll(/\s+/g, ' ')).toBe(
          lenient.replace(', UNIQUE', `, ${added}, UNIQUE`).replaceAll(/\s+/g, ' '),
        );
        expect(await database.sequelize.query('PRAGMA integrity_check')).toEqual([
          [{ integrity_check: 'ok' }],
          expect.anything(),
        ]);
        const [violations] = await database.sequelize.query('PRAGMA foreign_key_check');
        expect(violations).toEqual([]);
      });
    }

    it('db:seed:all brings back what was deleted of the roles and permissions, and does so once', async () => {
      const { database, command } = await migratedDatabase();
      const { roles, permissions } = createStore(database, roleStoresOf);
      await permissions.remove('users:delete');
      await permissions.remove('roles:update');
      await roles.remove('user');

      for (const _time of [1, 2]) {
        await command('db:seed:all');

        expect((await permissions.list(1000, undefined)).map(({ name }) => name)).toEqual(
          Object.keys(PERMISSIONS).sort(),
        );
        expect((await roles.find('admin'))?.permissions).toEqual(Object.keys(PERMISSIONS).sort());
        expect(await roles.find('user')).toMatchObject({ permissions: [] });
      }
    });

    it('db:seed:all leaves alone what was changed and what was added', async () => {
      const { database, command } = await migratedDatabase();
      const { roles, permissions } = createStore(database, roleStoresOf);
      const at = new Date(1_800_000_000_000);
      await permissions.insert({ name: 'orders:read', description: 'Ours', createdAt: at });
      await roles.insert({ name: 'clerk', description: 'Ours', permissions: ['orders:read'] }, at);
      await roles.describe('user', 'Our words', at);
      const [user, admin] = [await roles.find('user'), await roles.find('admin')];
      if (user === null || admin === null) throw new Error('the roles are not there');
      await roles.setPermissions(user, ['orders:read']);
      await roles.setPermissions(admin, [...admin.permissions, 'orders:read']);
      await roles.raiseVersions([user, admin], at);
      const before = await roles.list(1000, undefined);

      await command('db:seed:all');

      expect(await roles.list(1000, undefined)).toEqual(before);
      expect(before.map(({ name }) => name)).toEqual(['admin', 'clerk', 'user']);
    });

    it('db:seed:all gives the demo user the role user, and no role that was taken away', async () => {
      const { database, command } = await migratedDatabase();
      const { userRoles, users } = createStore(database, roleStoresOf);
      await command('db:seed:all');
      const { id = '' } = (await users.findByEmail('demo@example.com')) ?? {};
      expect(await userRoles.rolesOf([id])).toEqual(new Map([[id, ['user']]]));

      await userRoles.add(id, ['admin']);
      await modelsOf(database).userRoles.destroy({ where: { userId: id, role: 'user' } });
      await command('db:seed:all');

      expect(await userRoles.rolesOf([id])).toEqual(new Map([[id, ['admin']]]));
    });

    it('db:seed:undo:all removes the demo user and no other', async () => {
      const { database, cli, command } = await migratedDatabase();
      await command('db:seed:all');
      await insertPerson(database, 'ada@example.com');

      expect(await cli(['db:seed:undo:all'])).toMatchObject({ exitCode: 0 });

      expect(await emailsIn(database)).toEqual(['ada@example.com']);
    });
  });
});

describe('sequelize-cli without a database to go to', () => {
  it('refuses production without DATABASE_URL and names the variable', async () => {
    const { exitCode, output } = await runCli(['db:migrate', '--env', 'production'], { DATABASE_URL: '' });

    expect(exitCode).not.toBe(0);
    expect(output).toContain('DATABASE_URL is required in production');
  });

  it('fails where no server listens, and keeps the password to itself', async () => {
    const { exitCode, output } = await runCli(['db:migrate'], {
      DATABASE_URL: 'mysql://auth:canary@127.0.0.1:1/latchkey',
    });

    expect(exitCode).not.toBe(0);
    expect(output).toContain('ECONNREFUSED');
    expect(output).not.toContain('canary');
  });
});

onMysql(() => {
  describe('sequelize-cli db:create', () => {
    const names: string[] = [];

    afterEach(async () => {
      for (const name of names.splice(0)) await administrate(`DROP DATABASE IF EXISTS ${name}`);
    });

    function newName(): string {
      const name = `latchkey_test_${randomBytes(6).toString('hex')}`;
      names.push(name);
      return name;
    }

    it.each(isLongForm() ? WAYS : WAYS.slice(0, 1))(
      'makes the database with $way, which db:migrate then fills',
      async ({ args, env }) => {
        const name = newName();
        const url = Object.assign(new URL(process.env.TEST_MYSQL_URL ?? ''), { pathname: `/${name}` });
        const cli = (command: string) => runCli([command, ...args], { DATABASE_URL: url.href, ...env });

        expect(await cli('db:migrate')).not.toMatchObject({ exitCode: 0 });
        expect(await cli('db:create')).toMatchObject({ exitCode: 0 });
        expect(await cli('db:migrate')).toMatchObject({ exitCode: 0 });

        const tables = await administrate(`SHOW TABLES FROM ${name}`);
        expect(tables.flatMap((row) => Object.values(row)).sort()).toEqual([
          'SequelizeMeta',
          'api_key_permissions',
          'api_keys',
          'challenges',
          'client_permissions',
          'client_secrets',
          'clients',
          'counts',
          'identities',
          'ledger',
          'login_failures',
          'outbox',
          'passkeys',
          'permissions',
          'recovery_codes',
          'remembered_devices',
          'revocations',
          'role_permissions',
          'roles',
          'sessions',
          'signing_keys',
          'totp_factors',
          'user_roles',
          'users',
          'write_probes',
        ]);
      },
    );
  });
});

async function administrate(sql: string): Promise<object[]> {
  const url = new URL(process.env.TEST_MYSQL_URL ?? '');
  const connection = await createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  });
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? rows : [];
  } finally {
    await connection.end();
  }
}
