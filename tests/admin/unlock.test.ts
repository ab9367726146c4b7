import { describe, expect, it } from '@jest/globals';
import { runAdminHere, useOperatedApp } from '../support/admin-command.ts';
import { createTestDatabase, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { failTimes, waitOut } from '../support/guessing.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

const MAX_FAILURES = 8;

const newDirectory = useDirectories();

onEachDatabase((kind) => {
  describe('The command admin unlock', () => {
    const operated = useOperatedApp(kind, newDirectory, { LOGIN_MAX_FAILURES: String(MAX_FAILURES) });
    const unlock = (...args: string[]) => operated.run(['unlock', ...args]);

    it('lets an account that was shut take its password again, from every device', async () => {
      const app = operated.app();
      const { email, password } = await signUp(app);
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      const known = { email, device_token: body.device_token as string };
      await failTimes(app, MAX_FAILURES, { email });
      await failTimes(app, MAX_FAILURES, known);
      await app.post('/login').send({ email, password }).expect(401);

      const run = await unlock('--email', email);

      expect(run).toEqual({ exitCode: 0, stdout: `${email} takes its password again.\n`, stderr: '' });
      // Strangers would see who was unlocked if that ended their delay.
      waitOut(app);
      await app.post('/login').send({ email, password }).expect(200);
      await app
        .post('/login')
        .send({ ...known, password })
        .expect(200);
    });

    it('finds the account by its username, and by either however it is typed', async () => {
      const app = operated.app();
      const { email, username = '', password } = await signUp(app, { username: aUsername() });
      for (const args of [
        ['--username', username.toUpperCase()],
        ['--email', ` ${email.toUpperCase()}`],
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
      const app = operated.app();
      const [one, other] = [await signUp(app), await signUp(app)];
      for (const { email } of [one, other]) await failTimes(app, MAX_FAILURES, { email });

      await unlock('--email', one.email);

      await app.post('/login').send({ email: other.email, password: other.password }).expect(401);
    });

    it('says so where there was nothing to forget, which is no error', async () => {
      const app = operated.app();
      const { email } = await signUp(app);

      expect(await unlock('--email', email)).toEqual({
        exitCode: 0,
        stdout: `${email} was not locked.\n`,
        stderr: '',
      });
    });

    it.each([
      ['a username', '--username', aUsername()],
      ['what is no email address', '--email', "' OR 1=1"],
    ])('exits with 1 where no account has %s', async (_what, option, named) => {
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
      const env = { DATABASE_URL: database.url };

      for (let tries = 0; tries < 2; tries++) {
        expect(await runAdminHere(newDirectory(), ['unlock', '--email', aPerson().email], { env })).toEqual({
          exitCode: 1,
          stdout: '',
          stderr: 'The database is empty or behind. Start the service once.\n',
        });
      }

      await database.drop();
    });
  });
});
