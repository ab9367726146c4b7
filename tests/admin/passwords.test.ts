import { describe, expect, it } from '@jest/globals';
import { runAdminHere, useOperatedApp } from '../support/admin-command.ts';
import { anAdmin, forgetAdmins, ledgerOf, OPERATOR, userAdminOf } from '../support/admins.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const auth = { type: 'bearer' } as const;
const newDirectory = useDirectories();

onEachDatabase((kind) => {
  const { app, run, databaseUrl } = useOperatedApp(kind, newDirectory);

  describe('The command admin set-password', () => {
    it('gives the last administrator another password, with which they log in', async () => {
      await forgetAdmins(app());
      const { id, email, token, password } = await anAdmin(app());
      const next = aPerson().password;

      const { exitCode, stdout, stderr } = await run(['set-password', '--email', email], `${next}\n`);

      const said = `${email} has another password, and all sessions have ended.\n`;
      expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: said, stderr: '' });
      await app().follower.catchUp();
      await app().get('/verify').auth(token, auth).expect(401);
      await app().post('/login').send({ email, password }).expect(401);
      await app().post('/login').send({ email, password: next }).expect(200);
      const [entry] = await ledgerOf(app()).list({ subjectId: id, type: 'password.changed' }, 1, undefined);
      expect(entry).toMatchObject({ outcome: 'success', actor: { type: 'operator', id: null } });
    });

    it('ends a required change and the link that there was, and leaves a disabled account disabled', async () => {
      const username = aUsername();
      const { id, email } = await signUp(app(), { username });
      await userAdminOf(app()).forcePasswordChange(id, OPERATOR);
      const link = await run(['reset-link', '--username', username]);
      await userAdminOf(app()).disable(id, OPERATOR);
      const next = aPerson().password;

      expect((await run(['set-password', '--username', username], next)).exitCode).toBe(0);

      await app().post('/login').send({ email, password: next }).expect(401);
      await userAdminOf(app()).enable(id, OPERATOR);
      const body = { token: link.stdout.trim(), new_password: aPerson().password };
      await app().post('/password/reset').send(body).expect(400);
      await app().post('/login').send({ email, password: next }).expect(200);
    });

    it('refuses a weak password and an account that is not there, and changes nothing', async () => {
      const { email, password } = await signUp(app());

      const weak = await run(['set-password', '--email', email], 'short\n');
      const own = await run(['set-password', '--email', email], `${email}\n`);
      const nobody = await run(['set-password', '--email', 'nobody@example.com'], aPerson().password);

      expect(weak).toMatchObject({ exitCode: 1, stdout: '' });
      expect(weak.stderr).toContain('A password has at least 8 characters.');
      expect(own).toMatchObject({ exitCode: 1, stdout: '' });
      expect(nobody.stderr).toBe('There is no account of "nobody@example.com".\n');
      await app().post('/login').send({ email, password }).expect(200);
    });

    it.each([
      [['set-password']],
      [['set-password', '--email', 'a@example.com', '--username', 'abc']],
      [['set-password', '--email', 'a@example.com', '--role', 'admin']],
      [['set-password', '--email', 'a@example.com', 'a password']],
      [['reset-link']],
    ])('says how it is used to %j', async (args) => {
      expect(await run(args)).toMatchObject({
        exitCode: 64,
        stderr: expect.stringContaining('set-password'),
      });
    });
  });

  describe('The command admin reset-link', () => {
    it('prints a link to the page of the service that is good for one password, and is in the audit log', async () => {
      const { id, email } = await anAdmin(app());

      const { exitCode, stdout, stderr } = await run(['reset-link', '--email', email]);

      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const body = { token: stdout.trim().split('/').at(-1), new_password: aPerson().password };
      await app().post('/password/reset').send(body).expect(204);
      await app().post('/password/reset').send(body).expect(400);
      const filter = { subjectId: id, type: 'reset_link.created' } as const;
      const [entry] = await ledgerOf(app()).list(filter, 1, undefined);
      expect(entry).toMatchObject({ actor: { type: 'operator', id: null } });
    });

    it('prints a link to the page that is configured', async () => {
      const { email } = await signUp(app());
      const env = {
        DATABASE_URL: databaseUrl(),
        PASSWORD_RESET_URL: 'https://app.example.com/reset#token={token}',
      };

      const { stdout } = await runAdminHere(newDirectory(), ['reset-link', '--email', email], { env });

      expect(stdout).toMatch(/^https:\/\/app\.example\.com\/reset#token=[A-Za-z0-9_-]{43}\n$/);
    });

    it('refuses an account that is disabled', async () => {
      const { id, email } = await signUp(app());
      await userAdminOf(app()).disable(id, OPERATOR);

      const { exitCode, stdout, stderr } = await run(['reset-link', '--email', email]);

      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('The account is disabled.');
    });
  });
});
