import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keys as keysCommand } from '../../src/cli/keys-command.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { inDirectory, runHere, runProgram } from '../support/commands.ts';
import { useDirectories } from '../support/directories.ts';
import { aPerson, signUp } from '../support/people.ts';
import { type Run, startServer } from '../support/server-process.ts';
import { createMigratedDatabase } from '../support/template.ts';
import type { TestDatabase } from '../support/test-database.ts';

const KEYS = fileURLToPath(new URL('../../dist/cli/keys.js', import.meta.url));
const SECRET = 'Zq3vYw8rT1mKx6bNc0sHd5gJf2pLa7eUo9iRtXyVzBwQ';
const PREVIOUS_SECRET = 'Hn4kPz9sW2uMd7cFe1tGb6jLx3qRv8yTo0aIhKyXwCmE';

const newDirectory = useDirectories();

function keys(args: readonly string[], directory: string, env: Record<string, string> = {}): Promise<Run> {
  return runHere(keysCommand, directory, args, { env });
}

/** What `work` does with a service that stops then, and writes down for what it used its keys. */
async function withService<Result>(
  env: Record<string, string>,
  work: (app: TestApp) => Promise<Result>,
): Promise<Result> {
  const app = await startApp('SQLite', env);
  try {
    return await work(app);
  } finally {
    await app.stop();
  }
}

describe('The command keys new', () => {
  it('prints a secret of 256 bits in one line, another one each time', async () => {
    const directory = newDirectory();
    const [first, second] = [await keys(['new'], directory), await keys(['new', 'HS256'], directory)];

    for (const { exitCode, stdout, stderr } of [first, second]) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    }
    expect(first.stdout).not.toBe(second.stdout);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ['ES256', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
    ['RS256', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 3072 } }],
  ])('%s prints a private key in PEM with which the server signs', async (algorithm, expected) => {
    const directory = newDirectory();
    const { exitCode, stdout } = await keys(['new', algorithm], directory);
    expect(exitCode).toBe(0);
    expect(createPrivateKey(stdout)).toMatchObject(expected);
    writeFileSync(join(directory, 'key.pem'), stdout, { mode: 0o600 });

    const env = { JWT_ALG: algorithm, JWT_PRIVATE_KEY_FILE: 'key.pem' };
    const { token } = await inDirectory(directory, () => withService(env, signUp));

    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    expect(header.alg).toBe(algorithm);
  });
});

describe('The command keys', () => {
  it.each([
    [[]],
    [['help']],
    [['NEW']],
    [['new', 'HS512']],
    [['new', 'es256']],
    [['new', '']],
    [['new', 'ES256', 'x']],
    [['status', 'x']],
    [['status', '--json']],
    [['status', 'ES256', 'x']],
  ])('says how it is used with the arguments %j, and exits with 64', async (args) => {
    const directory = newDirectory();

    const { exitCode, stdout, stderr } = await keys(args, directory);

    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(/^usage: /);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('The command keys status', () => {
  let database: TestDatabase;
  /** Of the service that was last, on the database of one that had another key. */
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createMigratedDatabase('SQLite');
    await withService({ DATABASE_URL: database.url, JWT_SECRET: PREVIOUS_SECRET }, signUp);
    env = { DATABASE_URL: database.url, JWT_SECRET: SECRET, JWT_PREVIOUS_SECRETS: PREVIOUS_SECRET };
    await withService(env, async (app) => {
      const { token } = await signUp(app);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });
  });
  afterAll(() => database.drop());

  it('tells of each key what it is for, when it was used and from when it may go, and no secret', async () => {
    const { exitCode, stdout, stderr } = await keys(['status'], newDirectory(), env);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const paragraphs = stdout.trimEnd().split(/\n\n/);
    const [current = '', previous = '', currentApp = '', previousApp = ''] = paragraphs;
    const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
    expect(current.split('\n')[0]).toBe(secretKey(SECRET).kid);
    expect(paragraphs).toHaveLength(4);
    expect(current).toMatch(/HS256, signs access tokens$/m);
    expect(current).toMatch(new RegExp(`last signed +${time}`));
    expect(current).toMatch(new RegExp(`last seen +${time}`));
    expect(current).toMatch(/safe to remove +not while it is in use/);
    expect(previous.trim().split('\n')[0]).toBe(secretKey(PREVIOUS_SECRET).kid);
    expect(previous).toMatch(/HS256, verifies the access tokens that it signed before/);
    expect(currentApp.split('\n')[0]).toBe(`app-${secretKey(SECRET).kid}`);
    expect(currentApp).toMatch(/HS256, makes refresh and device tokens/);
    expect(currentApp).toMatch(/safe to remove +not while it is in use/);
    expect(previousApp).toMatch(/HS256, verifies the refresh and device tokens that it made before/);
    const lastSigned = new Date(new RegExp(`last signed +(${time})`).exec(previousApp)?.[1] ?? '');
    const safeFrom = new Date(new RegExp(`safe to remove +from (${time})`).exec(previous)?.[1] ?? '');
    // As long as a refresh token of it may rest, since it is configured once for both.
    expect(safeFrom.getTime() - lastSigned.getTime()).toBe(2_592_000_000);
    expect(previousApp).toContain(`safe to remove    from ${safeFrom.toISOString()}`);
    for (const secret of [SECRET, PREVIOUS_SECRET]) {
      expect(stdout).not.toContain(secret);
      expect(stdout).not.toContain(Buffer.from(secret).toString('base64url'));
    }
  });

  it('tells when JWT_SECRET has made its last refresh token, although it goes on signing access tokens', async () => {
    const own = { ...env, APP_SECRET: PREVIOUS_SECRET, APP_PREVIOUS_SECRETS: SECRET };
    const { appSince } = await withService(own, async (app) => {
      await signUp(app);
      return { appSince: app.clock.now() };
    });

    const { stdout } = await keys(['status'], newDirectory(), own);

    const paragraphs = stdout.trimEnd().split(/\n\n/);
    const of = (kid: string) => paragraphs.find((paragraph) => paragraph.startsWith(`${kid}\n`)) ?? '';
    expect(of(secretKey(SECRET).kid)).toMatch(/signs access tokens$/m);
    expect(of(`app-${secretKey(PREVIOUS_SECRET).kid}`)).toMatch(/makes refresh and device tokens/);
    const before = of(`app-${secretKey(SECRET).kid}`);
    const safeFrom = new Date(/safe to remove +from (\S+)/.exec(before)?.[1] ?? '');
    expect(safeFrom.getTime()).toBeLessThanOrEqual(appSince + 2_592_000_000);
  });

  it('keeps telling of a key that is not configured any more', async () => {
    const { stdout } = await keys(['status'], newDirectory(), { ...env, JWT_PREVIOUS_SECRETS: '' });

    expect(stdout).toContain(secretKey(PREVIOUS_SECRET).kid);
    expect(stdout).toContain('not configured any more');
  });

  it('uses the generated secret of the data directory and does not print it', async () => {
    const directory = newDirectory();
    const server = await startServer(directory);
    await fetch(`${server.url}/signup`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(aPerson()),
    });
    await server.stop();
    const secret = readFileSync(join(directory, 'data/jwt-secret'), 'utf8').trim();

    const { exitCode, stdout } = await runProgram(KEYS, directory, ['status']);

    expect(exitCode).toBe(0);
    expect(stdout).toContain(secretKey(secret).kid);
    expect(stdout).not.toContain(secret);
  });

  it('exits with 78 on a faulty configuration and names the variable without the key', async () => {
    const faulty = { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: 'garbage-in-place-of-a-key' };

    const { exitCode, stdout, stderr } = await runProgram(KEYS, newDirectory(), ['status'], { env: faulty });

    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain('JWT_PRIVATE_KEY');
    expect(stderr).not.toContain('garbage-in-place-of-a-key');
  });

  it('fails in words that help where no server ever ran, and makes nothing', async () => {
    const directory = newDirectory();

    const { exitCode, stderr } = await keys(['status'], directory);

    expect(exitCode).not.toBe(0);
    expect(stderr).not.toMatch(/SQLITE_ERROR|no such table/);
    expect(readdirSync(directory)).toEqual([]);
  });
});
