import { execFileSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '../../src/config/config.ts';
import { type CliDatabase, readCliDatabase } from '../support/cli-database.ts';
import { useDirectories } from '../support/directories.ts';

const DATABASE_CJS = fileURLToPath(new URL('../../config/database.cjs', import.meta.url));
const ENVIRONMENTS = ['development', 'test', 'production'] as const;
type Environment = (typeof ENVIRONMENTS)[number];

/** What the server requires besides, in production. */
const REST_OF_PRODUCTION = {
  JWT_SECRET: 'mE1bPzS0yFv3GJx8cQkT6wLrN5uHdA2oXiV7tZ9qWlUeR4gB',
  PUBLIC_URL: 'https://auth.example.com',
};

const newDirectory = useDirectories();

/** The entry of config/database.cjs as sequelize-cli loads it, in a directory without a .env file. */
async function readByCli(
  name: Environment,
  env: Record<string, string>,
  directory = newDirectory(),
): Promise<CliDatabase> {
  return readCliDatabase(name, env, directory);
}

/** The same in a process of its own, as sequelize-cli is one. */
function readByProcess(name: Environment, env: Record<string, string>, directory: string): CliDatabase {
  const code = 'process.stdout.write(JSON.stringify(require(process.argv[1])[process.argv[2]]))';
  const options = { cwd: directory, env: { PATH: process.env.PATH, ...env } };
  return JSON.parse(execFileSync(process.execPath, ['--eval', code, DATABASE_CJS, name], options).toString());
}

function readByServer(name: Environment, env: Record<string, string>) {
  return loadConfig({ NODE_ENV: name, ...REST_OF_PRODUCTION, ...env }).database;
}

function fileWith(content: string): string {
  const file = join(newDirectory(), 'file');
  writeFileSync(file, content);
  return file;
}

describe.each(ENVIRONMENTS)('for %s', (name) => {
  it.each([
    'mysql://auth:hunter2@db.example.com:3306/latchkey',
    'mysql://auth:hunter2@db.example.com/latchkey',
    'mariadb://auth@db.example.com:13306/latchkey',
    'mysql://db.example.com/latchkey',
    'mysql://auth:p%40ss%2Fw%23rd%25@[::1]/latchkey',
    'mysql://auth:schl%C3%BCssel@127.0.0.1/my%20db',
  ])('sequelize-cli connects where the server connects, given %s', async (url) => {
    const { location } = readByServer(name, { DATABASE_URL: url });

    const database = await readByCli(name, { DATABASE_URL: url });

    expect(database).toMatchObject(location);
    expect(Object.keys(database).sort()).toEqual(
      [...Object.keys(location), 'dialectOptions', 'environment', 'logging'].sort(),
    );
    expect(database.dialectOptions).toEqual({ charset: 'utf8mb4' });
  });

  it.each(['sqlite:./data/auth.sqlite', 'sqlite:auth.sqlite', 'sqlite://./a b/100%.sqlite'])(
    'sequelize-cli opens the file that the server opens in the same directory, given %s',
    async (url) => {
      const directory = newDirectory();
      const { location } = readByServer(name, { DATABASE_URL: url });
      const byServer = location.dialect === 'sqlite' ? location.storage : '';

      const { dialect, storage = '' } = await readByCli(name, { DATABASE_URL: url }, directory);

      expect(dialect).toBe('sqlite');
      expect(relative(directory, storage)).toBe(relative(process.cwd(), byServer));
      expect(existsSync(join(storage, '..'))).toBe(true);
    },
  );

  it('both read DATABASE_URL from the file that DATABASE_URL_FILE names', async () => {
    const env = { DATABASE_URL_FILE: fileWith('mysql://auth:hunter2@db.example.com/latchkey\n') };

    expect(await readByCli(name, env)).toMatchObject(readByServer(name, env).location);
    expect(await readByCli(name, env)).toMatchObject({ host: 'db.example.com', password: 'hunter2' });
  });

  it('both take an empty DATABASE_URL for none', async () => {
    const env = { DATABASE_URL: '', DATABASE_URL_FILE: fileWith('mysql://db.example.com/latchkey') };

    expect(await readByCli(name, env)).toMatchObject(readByServer(name, env).location);
  });

  it('both use TLS as DATABASE_TLS says, with the same authority', async () => {
    const url = { DATABASE_URL: 'mysql://db.example.com/latchkey' };
    const environments = [
      { ...url, DATABASE_TLS: 'verify' },
      { ...url, DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: fileWith(rootCertificates[0] ?? '') },
    ];

    for (const env of environments) {
      const { tls } = readByServer(name, env);
      expect(tls).toMatchObject({ rejectUnauthorized: true });
      expect((await readByCli(name, env)).dialectOptions?.ssl).toEqual(tls);
    }
  });

  it.each(['off', ''])('both use no TLS when DATABASE_TLS is %j', async (mode) => {
    const env = { DATABASE_URL: 'mysql://db.example.com/latchkey', DATABASE_TLS: mode };

    expect(readByServer(name, env).tls).toBeUndefined();
    expect((await readByCli(name, env)).dialectOptions).not.toHaveProperty('ssl');
  });

  it.each<[what: string, env: () => Record<string, string>]>([
    ['another database', () => ({ DATABASE_URL: 'postgres://auth:canary@db/latchkey' })],
    ['no database name', () => ({ DATABASE_URL: 'mysql://auth:canary@db' })],
    ['options in the URL', () => ({ DATABASE_URL: 'mysql://auth:canary@db/latchkey?ssl=true' })],
    ['a broken %', () => ({ DATABASE_URL: 'mysql://auth:canary%@db/latchkey' })],
    ['no URL', () => ({ DATABASE_URL: 'canary' })],
    ['a database in memory', () => ({ DATABASE_URL: 'sqlite::memory:' })],
    [
      'a URL and a file',
      () => ({
        DATABASE_URL: 'mysql://auth:canary@db/latchkey',
        DATABASE_URL_FILE: fileWith('mysql://db/x'),
      }),
    ],
    ['a file that is missing', () => ({ DATABASE_URL_FILE: '/no/such/file' })],
    [
      'an unknown word for TLS',
      () => ({ DATABASE_URL: 'mysql://auth:canary@db/latchkey', DATABASE_TLS: 'required' }),
    ],
    [
      'an authority while TLS is off',
      () => ({ DATABASE_URL: 'mysql://auth:canary@db/latchkey', DATABASE_TLS_CA_FILE: fileWith('PEM') }),
    ],
  ])('both refuse %s, name the variable and keep the password to themselves', async (_what, makeEnv) => {
    const env = makeEnv();

    expect(() => readByServer(name, env)).toThrow(ConfigError);
    expect(() => readByServer(name, env)).toThrow(/DATABASE_/);
    const byCli = await readByCli(name, env).then(JSON.stringify, (error: Error) => error.message);
    expect(byCli).toMatch(/^DATABASE_/);
    expect(byCli).not.toContain('canary');
  });
});

describe('without a DATABASE_URL', () => {
  it.each(['development', 'test'] as const)(
    'both use the embedded database in DATA_DIR for %s',
    async (name) => {
      const directory = newDirectory();
      for (const env of [{}, { DATA_DIR: './elsewhere' }, { DATA_DIR: '' }]) {
        const { location } = readByServer(name, env);
        const byServer = location.dialect === 'sqlite' ? location.storage : '';

        const { storage = '' } = await readByCli(name, env, directory);

        expect(relative(directory, storage)).toBe(relative(process.cwd(), byServer));
      }
    },
  );

  it('both refuse production, instead of making an empty database beside the real one', async () => {
    expect(() => readByServer('production', {})).toThrow(/DATABASE_URL is not set/);
    await expect(readByCli('production', {})).rejects.toThrow(/DATABASE_URL is required in production/);
  });

  it('the other environments of the command line still work', async () => {
    expect(await readByCli('test', { NODE_ENV: 'production' })).toMatchObject({ dialect: 'sqlite' });
  });
});

describe('config/database.cjs', () => {
  it('reads the variables and the directory of its process, in which it makes what no other user may enter', () => {
    const directory = newDirectory();
    const env = { DATABASE_URL: 'sqlite:./data/auth.sqlite' };

    const database = readByProcess('development', env, directory);

    expect(database).toEqual(readCliDatabase('development', env, directory));
    expect(database.storage).toBe(join(directory, 'data/auth.sqlite'));
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
  });
});
