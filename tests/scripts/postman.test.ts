import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { describeService } from '../../src/app.ts';
import { ADMIN_COMMAND, useOperatedApp } from '../support/admin-command.ts';
import { databaseKinds, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { isLongForm } from '../support/extent.ts';
import { collectOutput } from '../support/output.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NEWMAN = fileURLToPath(import.meta.resolve('newman/bin/newman.js'));
const PAGE = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');

/** It is refused, and has to be. */
const ASKED_FOR_A_FACTOR = 'Log in, which asks for a second factor';

/** What the collection sends besides each operation of the document. */
const EXTRAS = [
  'Log in with a cookie',
  'Log out with the cookie',
  'Log in as the administrator',
  'Log in as the new user',
  ASKED_FOR_A_FACTOR,
  'List the devices that are remembered',
  'Create an API key as the new user',
  'Prove that the new address is yours',
  'Sign up again, as the account has no password any more',
  'Log in on another device',
  'Sign up a third time',
  'Sign up a fourth time',
  'Sign up once more',
  'Press the button of the page that the link opens',
];

/** What takes an account at a provider, where no script can sign in, or an authenticator, which no script has. */
const SKIPPED = [
  'Sign in, or up, with an ID token',
  'Get an access token of a provider',
  'Remove a provider',
  'Get the options to use a passkey as the second factor',
  'Sign in with a passkey',
  'Add a passkey',
  'Rename a passkey',
  'Remove a passkey',
];

interface Report {
  readonly run: {
    readonly failures: readonly { readonly error: { readonly message: string } }[];
    readonly executions: readonly {
      readonly item: { readonly name: string };
      readonly cursor: { readonly position: number };
      readonly response?: { readonly code: number };
      readonly assertions?: readonly { readonly assertion: string; readonly error?: object }[];
    }[];
  };
}

/** The commands of the page, but for what a test has built already, and where the service is. */
function commandsFor(url: string): string {
  const section = PAGE.split('## Postman\n')[1] ?? '';
  const commands = /```sh\n([^`]+)```/.exec(section)?.[1] ?? '';
  expect(commands).toMatch(/npm run --silent admin -- .*npx newman run /s);
  return commands
    .replace('npm run --silent admin --', `"$NODE" ${ADMIN_COMMAND}`)
    .replace('npx newman run', `"$NODE" ${NEWMAN} run --env-var base_url=${url} $OPTIONS`);
}

onEachDatabase((kind) => {
  describe('The Postman collection, run as the page about the API says', () => {
    const newDirectory = useDirectories();
    const { app, databaseUrl } = useOperatedApp(kind, newDirectory, {
      NEW_DEVICE_MAIL: 'true',
      MFA_METHODS: 'totp,email_code',
      GITHUB_CLIENT_ID: 'latchkey',
      GITHUB_CLIENT_SECRET: 'a secret',
    });

    async function run(commands: string) {
      const report = join(newDirectory(), 'report.json');
      const child = spawn('bash', ['-euc', commands], {
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          NODE: process.execPath,
          DATABASE_URL: databaseUrl(),
          BCRYPT_COST: '4',
          OPTIONS: `--reporters json --reporter-json-export ${report}`,
        },
      });
      const output = collectOutput(child);
      const [exitCode] = await once(child, 'close');
      return {
        exitCode,
        output,
        report: () => (JSON.parse(readFileSync(report, 'utf8')) as Report).run,
      };
    }

    it('is green from top to bottom on a fresh database, every operation of the document once', async () => {
      const { exitCode, output, report } = await run(commandsFor(app().url));

      expect(output.stdout).toContain('root@example.com has been created with the roles admin, user');
      const { failures, executions: all } = report();
      // A request before which a script asks for a code or a link is reported once more.
      const executions = [...new Map(all.map((one) => [one.cursor.position, one])).values()];
      expect(failures.map(({ error }) => error.message)).toEqual([]);
      const summaries = Object.values((await describeService()).paths ?? {}).flatMap((operations) =>
        Object.values(operations).map(({ summary }) => summary as string),
      );
      const sent = summaries.filter((name) => !SKIPPED.includes(name));
      expect(sent.length).toBe(summaries.length - SKIPPED.length);
      expect(executions.map(({ item }) => item.name).sort()).toEqual([...sent, ...EXTRAS].sort());
      const refused = executions.filter(({ response }) => !/^(?:2|30[23])/.test(String(response?.code)));
      expect(refused.map(({ item }) => item.name)).toEqual([ASKED_FOR_A_FACTOR]);
      expect(executions.filter(({ assertions = [] }) => assertions.length < 2)).toEqual([]);
      expect(exitCode).toBe(0);
    });

    // Each run starts a sandbox for every script of the collection: in the short form these are on one database.
    if (kind !== databaseKinds[0] && !isLongForm()) return;

    it('is green again on the database that it has left behind', async () => {
      const [, newman = ''] = commandsFor(app().url).split(/\n(?="\$NODE" \S*newman)/);

      const { exitCode, report } = await run(newman);

      expect(report().failures).toEqual([]);
      expect(exitCode).toBe(0);
    });

    it('is red where the administrator is none, at each request that needs one', async () => {
      await app().models.userRoles.destroy({ where: { role: 'admin' } });
      const [, newman = ''] = commandsFor(app().url).split(/\n(?="\$NODE" \S*newman)/);

      const { exitCode, report } = await run(newman);

      const red = report()
        .executions.filter(({ response, item }) => response?.code === 403 && item.name !== ASKED_FOR_A_FACTOR)
        .map(({ item, assertions = [] }) => [item.name, assertions[0]?.error !== undefined]);
      expect(red.length).toBeGreaterThan(10);
      expect(red.filter(([, isRed]) => !isRed)).toEqual([]);
      expect(exitCode).not.toBe(0);
    });
  });
});
