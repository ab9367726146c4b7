import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { runAdmin, runAdminHere, useOperatedApp } from '../support/admin-command.ts';
import { anAdmin, aRole, forgetAdmins, ledgerOf } from '../support/admins.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;

const newDirectory = useDirectories();

onEachDatabase((kind) => {
  const { app, run } = useOperatedApp(kind, newDirectory);

  describe('The command admin create-user', () => {
    it('creates the first administrator, with the password on its standard input', async () => {
      const { email, password } = aPerson();

      const args = ['create-user', '--email', email, '--role', 'admin'];
      const { exitCode, stdout, stderr } = await run(args, `${password}\n`);

      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const login = await app().post('/login').send({ email, password }).expect(200);
      const { id } = login.body.user;
      expect(stdout).toBe(`${email} has been created with the roles admin, user: ${id}\n`);
      await app().get('/admin/users').auth(login.body.access_token, auth).expect(200);
    });

    it('gives the username and every role that is named, and user besides', async () => {
      const { email, password } = aPerson();
      const username = aUsername();
      const role = await aRole(app(), ['users:read']);

      const args = ['create-user', '--email', email, '--username', username];
      await run([...args, '--role', role, '--role', 'user', '--role', role], password);

      const { body } = await app().post('/login').send({ username, password }).expect(200);
      const roles = (await app().store.userRoles.rolesOf([body.user.id])).get(body.user.id);
      expect(roles).toEqual([role, 'user'].sort());
    });

    it('is in the audit log as done by an operator', async () => {
      const { email, password } = aPerson();

      const { stdout } = await run(['create-user', '--email', email], password);

      const subjectId = stdout.trim().split(' ').at(-1);
      const [entry] = await ledgerOf(app()).list({ subjectId }, 50, undefined);
      expect(entry).toMatchObject({
        type: 'user.created',
        outcome: 'success',
        actor: { type: 'operator', id: null },
        ip: null,
        requestId: null,
        details: { roles: ['user'] },
      });
    });

    it('refuses an address that is taken, and one that is invalid', async () => {
      const { email } = await signUp(app());

      const taken = await run(['create-user', '--email', email.toUpperCase()], `${CANARY} battery`);
      const none = await run(['create-user', '--email', 'nobody'], `${CANARY} battery`);

      expect(taken).toMatchObject({ exitCode: 1, stdout: '' });
      expect(none).toMatchObject({ exitCode: 1, stdout: '', stderr: '"nobody" is not an email address.\n' });
    });
  });

  describe('The command admin list', () => {
    it('prints a line for each user, and of those that are asked for', async () => {
      const word = aUsername();
      const [first, second] = [
        await signUp(app(), { email: `${word}-1@example.com`, username: `${word}1` }),
        await anAdmin(app(), { email: `${word}-2@Example.com` }),
      ];
      await anAdmin(app());
      await app().post(`/admin/users/${first.id}/disable`).auth(second.token, auth).expect(200);
      const firstLine = `${first.id}\t${word}-1@example.com\tdisabled\tuser`;
      const secondLine = `${second.id}\t${word}-2@Example.com\tactive\tadmin,user`;
      const lines = async (...args: string[]) => {
        const { exitCode, stdout, stderr } = await run(['list', ...args]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
        return stdout.split('\n').slice(0, -1);
      };

      expect(await lines()).toEqual(expect.arrayContaining([firstLine, secondLine]));
      expect((await lines('--email', word.toUpperCase())).sort()).toEqual([firstLine, secondLine].sort());
      expect(await lines('--username', `${word}1`)).toEqual([firstLine]);
      expect(await lines('--email', word, '--role', 'admin')).toEqual([secondLine]);
      expect(await lines('--role', 'admin')).toEqual(expect.arrayContaining([secondLine]));
    });

    it('prints all users where there are more than fit on a page', async () => {
      const { token } = await anAdmin(app());
      const users = Array.from({ length: 450 }, () => ({ email: aPerson().email }));
      const imported = await app().post('/admin/users/import').auth(token, auth).send({ users }).expect(200);

      const { stdout } = await run(['list']);

      const ids = stdout.split('\n').map((line) => line.split('\t')[0]);
      expect(ids).toEqual(expect.arrayContaining(imported.body.results.map(({ id }: { id: string }) => id)));
      expect(new Set(ids).size).toBe(ids.length);
      expect(stdout).not.toContain('$2b$');
    });
  });

  describe('The commands admin disable and enable', () => {
    it('shut an account, whose tokens the running service refuses from then on, and open it again', async () => {
      await anAdmin(app());
      const { id, email, password, token, refreshToken } = await signUp(app());

      const disabled = await run(['disable', '--email', email.toUpperCase()]);

      expect(disabled).toEqual({ exitCode: 0, stdout: `${email} is disabled.\n`, stderr: '' });
      await app().follower.catchUp();
      await app().get('/verify').auth(token, auth).expect(401);
      await app().post('/refresh').send({ refresh_token: refreshToken }).expect(401);
      await app().post('/login').send({ email, password }).expect(401);

      const enabled = await run(['enable', '--email', email]);

      expect(enabled).toEqual({ exitCode: 0, stdout: `${email} is enabled.\n`, stderr: '' });
      await app().post('/login').send({ email, password }).expect(200);
      await app().get('/verify').auth(token, auth).expect(401);
      const entries = await ledgerOf(app()).list({ subjectId: id }, 50, undefined);
      const byOperator = entries.filter(({ actor }) => actor.type === 'operator');
      expect(byOperator.map(({ type }) => type)).toEqual(['user.enabled', 'user.disabled']);
    });

    it('do not disable the last administrator', async () => {
      await forgetAdmins(app());
      const { email, token } = await anAdmin(app());

      const { exitCode, stdout, stderr } = await run(['disable', '--email', email]);

      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(/admin/);
      await app().follower.catchUp();
      await app().get('/admin/users').auth(token, auth).expect(200);
    });

    it('find people by their username as well', async () => {
      const { username = '', token } = await signUp(app(), { username: aUsername() });

      const { exitCode } = await run(['disable', '--username', username.toUpperCase()]);

      expect(exitCode).toBe(0);
      await app().follower.catchUp();
      await app().get('/verify').auth(token, auth).expect(401);
    });
  });

  describe('The command admin set-roles', () => {
    it('makes an administrator of a user, whose older tokens are refused', async () => {
      const { email, password, token } = await signUp(app());

      const made = await run(['set-roles', '--email', email, '--role', 'user', '--role', 'admin']);

      expect(made).toEqual({ exitCode: 0, stdout: `${email} has the roles admin, user.\n`, stderr: '' });
      await app().follower.catchUp();
      const { body } = await app().get('/me').auth(token, auth).expect(401);
      expect(body.detail).toContain('What it may do has changed');
      const login = await app().post('/login').send({ email, password }).expect(200);
      await app().get('/admin/users').auth(login.body.access_token, auth).expect(200);
    });

    it('exits with 1 and names an unknown role', async () => {
      const { email } = await signUp(app());

      expect(await run(['set-roles', '--email', email, '--role', 'no-such-role'])).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: 'There is no such role. There is no role no-such-role.\n',
      });
    });
  });

  describe('The command admin revoke-sessions', () => {
    it('ends all sessions of the user in the running service, and no others', async () => {
      const [person, stranger] = [await signUp(app()), await signUp(app())];
      const { id, email, password } = person;
      const second = await app().post('/login').send({ email, password }).expect(200);

      const revoked = await run(['revoke-sessions', '--email', email]);

      expect(revoked).toEqual({ exitCode: 0, stdout: `2 sessions of ${email} ended.\n`, stderr: '' });
      await app().follower.catchUp();
      for (const token of [person.token, second.body.access_token]) {
        await app().get('/verify').auth(token, auth).expect(401);
      }
      for (const refresh_token of [person.refreshToken, second.body.refresh_token]) {
        await app().post('/refresh').send({ refresh_token }).expect(401);
      }
      await app().get('/verify').auth(stranger.token, auth).expect(200);
      await app().post('/login').send({ email, password }).expect(200);
      const [entry] = await ledgerOf(app()).list({ subjectId: id, type: 'session.ended' }, 50, undefined);
      expect(entry).toMatchObject({ actor: { type: 'operator', id: null } });
    });

    it('says how many there were, be it one or none', async () => {
      const { email } = await signUp(app());

      expect((await run(['revoke-sessions', '--email', email])).stdout).toBe(
        `1 session of ${email} ended.\n`,
      );
      expect((await run(['revoke-sessions', '--email', email])).stdout).toBe(
        `0 sessions of ${email} ended.\n`,
      );
    });
  });
});

describe('The command admin create-user', () => {
  const { app, run, databaseUrl } = useOperatedApp('SQLite', newDirectory);

  it('takes the password from the standard input of its process, and ends with exit code 0', async () => {
    const { email, password } = aPerson();

    const given = { env: { DATABASE_URL: databaseUrl() }, input: `${password}\n` };
    const { exitCode, stderr } = await runAdmin(newDirectory(), ['create-user', '--email', email], given);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await app().post('/login').send({ email, password }).expect(200);
  });

  it.each([
    ['with the line end of Windows', '\r\n'],
    ['with more lines behind it', '\nsomething else\n'],
  ])('takes the first line %s, with its spaces', async (_what, end) => {
    const { email } = aPerson();
    const password = `  ${CANARY} with spaces `;

    const { exitCode } = await run(['create-user', '--email', email], `${password}${end}`);

    expect(exitCode).toBe(0);
    await app().post('/login').send({ email, password }).expect(200);
  });

  it.each<[what: string, args: string[], input: string, says: RegExp]>([
    ['no password', [], '', /at least 8 characters/],
    ['a common password', [], 'password', /among the first that attackers try/],
    [
      'a role that there is not',
      ['--role', 'no-such-role'],
      `${CANARY} x`,
      /no such role|GET \/admin\/roles/,
    ],
    ['a username that is none', ['--username', 'a b'], `${CANARY} x`, /"a b" is not a username/],
  ])('refuses %s, exits with 1 and creates no account', async (_what, more, input, says) => {
    const { email } = aPerson();

    const { exitCode, stdout, stderr } = await run(['create-user', '--email', email, ...more], input);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(CANARY);
    expect(await app().models.users.count({ where: { email } })).toBe(0);
  });
});

describe('The command admin', () => {
  it.each([
    [[]],
    [['lock', '--email', 'a@example.com']],
    [['create-user', '--username', 'grace']],
    [['create-user', '--email', 'a@example.com', '--password', `${CANARY} battery`]],
    [['create-user', '--email', 'a@example.com', `${CANARY} battery`]],
    [['disable', '--email', 'a@example.com', '--username', 'grace']],
    [['disable', '--email', 'a@example.com', '--role', 'admin']],
    [['set-roles', '--email', 'a@example.com']],
    [['disable', '--email', 'a@example.com', '--email', 'b@example.com']],
    [['list', 'all']],
    [['list', '--role', 'user', '--role', 'admin']],
    [['list', '--email', 'a@example.com', '--username', 'grace']],
    [['constructor', '--email', 'a@example.com']],
  ])('says how it is used with the arguments %j, exits with 64 and repeats nothing', async (args) => {
    const { exitCode, stdout, stderr } = await runAdminHere(newDirectory(), args);

    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(/^usage: /);
    expect(stderr).not.toContain(CANARY);
  });

  it('says how it is used with --help, and exits with 0', async () => {
    const { exitCode, stdout, stderr } = await runAdminHere(newDirectory(), ['--help']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^usage: npm run admin -- create-user --email ADDRESS/);
  });

  it('exits with 1 in the wrong directory and makes no database there', async () => {
    const directory = newDirectory();

    const run = await runAdminHere(directory, ['list']);

    expect(run).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'The database is empty or behind. Start the service once.\n',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('exits with 78 on a faulty configuration and names the variable without its secret', async () => {
    const { exitCode, stdout, stderr } = await runAdmin(newDirectory(), ['list'], {
      env: { DATABASE_URL: 'postgres://somebody:a-secret-of-theirs@localhost/latchkey' },
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).not.toContain('a-secret-of-theirs');
  });

  it('exits with 1 where the database does not answer, and tells no secret', async () => {
    const { exitCode, stdout, stderr } = await runAdminHere(newDirectory(), ['list'], {
      env: { DATABASE_URL: 'mysql://somebody:a-secret-of-theirs@127.0.0.1:1/latchkey' },
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('a-secret-of-theirs');
  });
});
