import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { createTestDatabase, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { failTimes } from '../support/guessing.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';
import type { Run } from '../support/server-process.ts';

const ADMIN = fileURLToPath(new URL('../../dist/admin.js', import.meta.url));
const MAX_FAILURES = 8;

const newDirectory = useDirectories();

async function admin(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd: string = newDirectory(),
): Promise<Run> {
  const child = spawn(process.execPath, [ADMIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: code ?? -1, stdout, stderr };
}

onEachDatabase((kind) => {
  describe('The command admin unlock', () => {
    const app = useApp(kind, { LOGIN_MAX_FAILURES: String(MAX_FAILURES) });

    function unlock(...args: string[]): Promise<Run> {
      return admin(['unlock', ...args], { DATABASE_URL: databaseUrl() });
    }

    function databaseUrl(): string {
      const { location } = app.config.database;
      if (location.dialect === 'sqlite') return `sqlite:${location.storage}`;
      const { username, password, host, port, database } = location;
      return `mysql://${username}${password ? `:${password}` : ''}@${host}:${port}/${database}`;
    }

    it('lets an account that was shut take its password again, from every device', async () => {
      const { email, password } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      const known = { email, device_token: body.device_token as string };
      await failTimes(app, MAX_FAILURES, { email });
      await failTimes(app, MAX_FAILURES, known);
      await app.post('/login').send({ email, password }).expect(401);

      const run = await unlock('--email', email);

      expect(run).toEqual({ exitCode: 0, stdout: `${email} takes its password again.\n`, stderr: '' });
      await app.post('/login').send({ email, password }).expect(200);
      await app
        .post('/login')
        .send({ ...known, password })
        .expect(200);
    });

    it('finds the account by its username, and by either however it is typed', async () => {
      const { email, username = '', password } = await signUp(app, { username: aUsername() });
      for (const args of [
        ['--username', username],
        ['--username', username.toUpperCase()],
        ['--email', ` ${email.toUpperCase()}`],
        [`--email=${email}`],
      ]) {
        await failTimes(app, MAX_FAILURES, { email });

        expect(await unlock(...args)).toMatchObject({
          exitCode: 0,
          stdout: `${email} takes its password again.\n`,
        });

        await app.post('/login').send({ email, password }).expect(200);
      }
    });

    it('leaves every other account locked', async () => {
      const [one, other] = [await signUp(app), await signUp(app)];
      for (const { email } of [one, other]) await failTimes(app, MAX_FAILURES, { email });

      await unlock('--email', one.email);

      await app.post('/login').send({ email: other.email, password: other.password }).expect(401);
    });

    it('says so where there was nothing to forget, which is no error', async () => {
      const { email } = await signUp(app);

      expect(await unlock('--email', email)).toEqual({
        exitCode: 0,
        stdout: `${email} was not locked.\n`,
        stderr: '',
      });
    });

    it.each([
      ['an email address', '--email', aPerson().email],
      ['a username', '--username', aUsername()],
      ['what is no email address', '--email', 'nobody'],
      ['what is no username', '--username', "' OR 1=1"],
      ['nothing', '--email', ''],
    ])('exits with 1 where nobody has %s', async (_what, option, named) => {
      expect(await unlock(option, named)).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: `There is no account of ${JSON.stringify(named)}.\n`,
      });
    });
  });

  describe('The command admin unlock on a database without tables', () => {
    it('exits with 1, says what helps, and makes no table', async () => {
      const database = await createTestDatabase(kind);
      const { email } = aPerson();

      const first = await admin(['unlock', '--email', email], { DATABASE_URL: database.url });
      const second = await admin(['unlock', '--email', email], { DATABASE_URL: database.url });
      await database.drop();

      for (const run of [first, second]) {
        expect(run).toEqual({
          exitCode: 1,
          stdout: '',
          stderr: 'The database is empty or behind. Start the service once.\n',
        });
      }
    });
  });
});

describe('The command admin', () => {
  it.each([
    [[]],
    [['unlock']],
    [['lock', '--email', 'ada@example.com']],
    [['unlock', '--email', 'ada@example.com', '--username', 'ada']],
    [['unlock', 'ada@example.com']],
    [['unlock', '--email']],
    [['unlock', '--name', 'ada']],
    [['unlock', 'unlock', '--email', 'ada@example.com']],
    [['--email', 'ada@example.com']],
  ])('with the arguments %j says how it is used, and exits with 64', async (args) => {
    const { exitCode, stdout, stderr } = await admin(args);

    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(/^usage: npm run admin -- unlock --email ADDRESS/);
  });

  it('with --help says how it is used, and exits with 0', async () => {
    const { exitCode, stdout, stderr } = await admin(['--help']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^usage: npm run admin -- unlock --email ADDRESS/);
  });

  it('run in the wrong directory makes no database there', async () => {
    const directory = newDirectory();

    const run = await admin(['unlock', '--email', 'ada@example.com'], {}, directory);

    expect(run).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'The database is empty or behind. Start the service once.\n',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('exits with 78 on a faulty configuration and names the variable without its secret', async () => {
    const { exitCode, stdout, stderr } = await admin(['unlock', '--email', 'ada@example.com'], {
      DATABASE_URL: 'postgres://somebody:a-secret-of-theirs@localhost/latchkey',
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).not.toContain('a-secret-of-theirs');
  });

  it('exits with 1 where the database does not answer, and tells no secret', async () => {
    const { exitCode, stdout, stderr } = await admin(['unlock', '--email', 'ada@example.com'], {
      DATABASE_URL: 'mysql://somebody:a-secret-of-theirs@127.0.0.1:1/latchkey',
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('a-secret-of-theirs');
  });
});
