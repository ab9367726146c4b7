import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { parseEmail, parseUsername } from '../../src/accounts/identifiers.ts';
import { type DatabaseConfig, loadConfig } from '../../src/config.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { applyMigrations, isSchemaCurrent, pendingMigrations } from '../../src/db/migrate.ts';
import { createStore } from '../../src/db/store.ts';
import { createPasswordHasher } from '../../src/passwords/hash.ts';
import { createTestDatabase, onEachDatabase, onMysql, type TestDatabase } from '../support/databases.ts';
import { hashHere } from '../support/hashing.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = fileURLToPath(new URL('../../node_modules/.bin/sequelize-cli', import.meta.url));
const ENVIRONMENTS = ['development', 'test', 'production'] as const;
const DEMO_PASSWORD = 'correct horse battery staple';

/** Set, so that nothing comes in from a .env file of the checkout. */
const NOTHING_ELSE = {
  NODE_ENV: '',
  DATA_DIR: '',
  DATABASE_URL_FILE: '',
  DATABASE_TLS: '',
  DATABASE_TLS_CA_FILE: '',
};

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
const WAYS = ENVIRONMENTS.flatMap((environment) => [
  { way: `NODE_ENV=${environment}`, environment, args: [], env: { NODE_ENV: environment } },
  { way: `--env ${environment}`, environment, args: ['--env', environment], env: { NODE_ENV: '' } },
]);

onEachDatabase((kind) => {
  describe('sequelize-cli', () => {
    const opened: { database: Database; testDatabase: TestDatabase }[] = [];

    afterEach(async () => {
      for (const { database, testDatabase } of opened.splice(0)) {
        await database.close();
        await testDatabase.drop();
      }
    });

    /** A fresh database, as the server sees it and as the command line reaches it. */
    async function freshDatabase() {
      const testDatabase = await createTestDatabase(kind);
      const config: DatabaseConfig = loadConfig({ DATABASE_URL: testDatabase.url }).database;
      const database = await connectDatabase(config);
      opened.push({ database, testDatabase });
      return {
        config,
        database,
        cli: (args: readonly string[], env: Record<string, string> = {}) =>
          runCli(args, { DATABASE_URL: testDatabase.url, ...env }),
      };
    }

    /** Migrated by the server, so that the command line is only asked what a test is about. */
    async function migratedDatabase() {
      const fresh = await freshDatabase();
      await applyMigrations(fresh.config);
      return fresh;
    }

    async function emailsIn(database: Database): Promise<string[]> {
      return (await database.models.users.findAll()).map(({ email }) => email);
    }

    describe.each(WAYS)('with $way', ({ environment, args, env }) => {
      it('db:migrate brings the schema to where the server wants it, with nobody in it', async () => {
        const { database, cli } = await freshDatabase();
        expect(await pendingMigrations(database)).not.toEqual([]);

        const { exitCode, output } = await cli(['db:migrate', ...args], env);

        expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
        expect(output).toContain(`Using environment "${environment}"`);
        expect(await pendingMigrations(database)).toEqual([]);
        expect(await isSchemaCurrent(database, 1000)).toBe(true);
        expect(await emailsIn(database)).toEqual([]);
      });

      it(`db:seed:all ${environment === 'production' ? 'adds nobody' : 'adds the demo user, once'}`, async () => {
        const { database, cli } = await migratedDatabase();

        const first = await cli(['db:seed:all', ...args], env);
        const second = await cli(['db:seed:all', ...args], env);

        expect([first, second]).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
        expect(await emailsIn(database)).toEqual(environment === 'production' ? [] : ['demo@example.com']);
      });
    });

    it('db:migrate finds nothing to do after the server has migrated', async () => {
      const { config, cli } = await freshDatabase();
      expect(await applyMigrations(config)).not.toEqual([]);

      const { exitCode, output } = await cli(['db:migrate']);

      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(output).toContain('No migrations were executed, database schema was already up to date.');
    });

    it('leaves the server nothing to do: applyMigrations applies none', async () => {
      const { config, cli } = await freshDatabase();
      await cli(['db:migrate']);

      expect(await applyMigrations(config)).toEqual([]);
    });

    it('db:migrate:undo takes back the last migration, and db:migrate brings it again', async () => {
      const { config, database, cli } = await freshDatabase();
      const all = await pendingMigrations(database);
      await applyMigrations(config);

      const { exitCode, output } = await cli(['db:migrate:undo']);

      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(await pendingMigrations(database)).toEqual(all.slice(-1));
      expect(await isSchemaCurrent(database, 1000)).toBe(false);
      expect(await cli(['db:migrate'])).toMatchObject({ exitCode: 0 });
      expect(await pendingMigrations(database)).toEqual([]);
    });

    it('db:migrate:undo:all leaves no table but its own', async () => {
      const { database, cli } = await migratedDatabase();

      expect(await cli(['db:migrate:undo:all'])).toMatchObject({ exitCode: 0 });

      const tables = await database.sequelize.getQueryInterface().showAllTables();
      expect(tables.filter((table) => table !== 'SequelizeMeta')).toEqual([]);
    });

    it('db:seed:all makes a demo user who is found by both identifiers and whose password is right', async () => {
      const { database, cli } = await migratedDatabase();
      await cli(['db:seed:all']);
      const { users } = createStore(database);

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
      const { database, cli } = await migratedDatabase();
      const { users } = createStore(database);
      const person = await users.insert({
        id: '01980000-0000-7000-8000-00000000000a',
        email: { shown: 'Demo@Example.com', canonical: 'demo@example.com' },
        username: null,
        name: 'Somebody Else',
        passwordHash: 'x',
        createdAt: new Date(),
      });

      expect(await cli(['db:seed:all'])).toMatchObject({ exitCode: 0 });

      expect(await users.findByEmail('demo@example.com')).toEqual(person);
      expect(await emailsIn(database)).toEqual(['Demo@Example.com']);
    });

    it('db:seed:undo:all removes the demo user and nobody else', async () => {
      const { database, cli } = await migratedDatabase();
      await cli(['db:seed:all']);
      await createStore(database).users.insert({
        id: '01980000-0000-7000-8000-00000000000a',
        email: { shown: 'ada@example.com', canonical: 'ada@example.com' },
        username: null,
        name: null,
        passwordHash: 'x',
        createdAt: new Date(),
      });

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

    it.each(WAYS)('with $way makes the database that db:migrate then fills', async ({ args, env }) => {
      const name = newName();
      const url = Object.assign(new URL(process.env.TEST_MYSQL_URL ?? ''), { pathname: `/${name}` });
      const cli = (command: string) => runCli([command, ...args], { DATABASE_URL: url.href, ...env });

      expect(await cli('db:migrate')).not.toMatchObject({ exitCode: 0 });
      expect(await cli('db:create')).toMatchObject({ exitCode: 0 });
      expect(await cli('db:migrate')).toMatchObject({ exitCode: 0 });

      const tables = await administrate(`SHOW TABLES FROM ${name}`);
      expect(tables.flatMap((row) => Object.values(row)).sort()).toEqual([
        'SequelizeMeta',
        'api_keys',
        'revocations',
        'sessions',
        'signing_keys',
        'users',
      ]);
    });
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
