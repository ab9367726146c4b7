import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from './support/directories.ts';

const CHECKOUT = fileURLToPath(new URL('../', import.meta.url));
const COMMAND = ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'verifier/src', 'client/src'];

describe('the import rules of npm run lint', () => {
  const newDirectory = useDirectories();
  let copy: string;

  // A copy, so that the checkout is never touched and other tests may run meanwhile.
  beforeAll(() => {
    copy = newDirectory();
    for (const path of [
      'src',
      'verifier',
      'client',
      'config',
      'package.json',
      'tsconfig.json',
      '.dependency-cruiser.cjs',
    ]) {
      cpSync(join(CHECKOUT, path), join(copy, path), { recursive: true });
    }
    // Packages are where they are, but for the one that is part of the copy.
    mkdirSync(join(copy, 'node_modules/@latchkey'), { recursive: true });
    symlinkSync(join(copy, 'verifier'), join(copy, 'node_modules/@latchkey/verifier'));
    for (const name of readdirSync(join(CHECKOUT, 'node_modules'))) {
      if (name !== '@latchkey')
        symlinkSync(join(CHECKOUT, 'node_modules', name), join(copy, 'node_modules', name));
    }
  });

  /** Runs the linter's command over the copy with more files in it. */
  function lintWith(files: Record<string, string>): Promise<{ exitCode: number; output: string }> {
    const added = Object.keys(files).map((path) => join(copy, path));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), content, { flag: 'wx' });
    }
    const [command = '', ...args] = COMMAND;
    return new Promise((resolve) => {
      execFile(join(CHECKOUT, 'node_modules/.bin', command), args, { cwd: copy }, (error, stdout, stderr) => {
        for (const file of added) rmSync(file);
        resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  }

  it('are part of npm run lint', () => {
    const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));

    expect(scripts.lint).toContain(COMMAND.join(' '));
  });

  it('are kept by the source as it is', async () => {
    expect(await lintWith({})).toMatchObject({ exitCode: 0 });
  });

  /** Each in a file of its own; the `new` in its path gets a number. */
  const FORBIDDEN: [what: string, rule: string, path: string, line: string][] = [
    [
      'a feature imports sequelize',
      'sequelize-only-in-its-place',
      'src/features/accounts/new.ts',
      "import { Sequelize } from 'sequelize'; export const x = Sequelize;",
    ],
    [
      'a feature imports a type of sequelize',
      'sequelize-only-in-its-place',
      'src/features/accounts/new.ts',
      "import type { Sequelize } from 'sequelize'; export type X = Sequelize;",
    ],
    [
      'a feature imports sequelize when it is needed',
      'sequelize-only-in-its-place',
      'src/features/accounts/new.ts',
      "export const x = () => import('sequelize');",
    ],
    [
      'a feature passes sequelize on',
      'sequelize-only-in-its-place',
      'src/features/accounts/new.ts',
      "export { Op } from 'sequelize';",
    ],
    [
      'the HTTP part imports sequelize',
      'sequelize-only-in-its-place',
      'src/http/new.ts',
      "import { Op } from 'sequelize'; export const x = Op;",
    ],
    [
      'the core imports sequelize outside of a store',
      'sequelize-only-in-its-place',
      'src/core/sessions/new.ts',
      "import { Op } from 'sequelize'; export const x = Op;",
    ],
    [
      'a feature imports express',
      'express-only-in-its-place',
      'src/features/accounts/new.ts',
      "import express from 'express'; export const x = express;",
    ],
    [
      'a feature imports a type of express',
      'express-only-in-its-place',
      'src/features/accounts/new.ts',
      "import type { Request } from 'express'; export type X = Request;",
    ],
    [
      'the core imports express',
      'express-only-in-its-place',
      'src/core/sessions/new.ts',
      "import type { Request } from 'express'; export type X = Request;",
    ],
    [
      'a feature imports jsonwebtoken',
      'jsonwebtoken-only-in-its-place',
      'src/features/sessions/new.ts',
      "import jwt from 'jsonwebtoken'; export const x = jwt;",
    ],
    [
      'the verifier imports something of the service',
      'the-verifier-stands-alone',
      'verifier/src/new.ts',
      "import { systemClock } from '../../src/core/clock.ts'; export const x = systemClock;",
    ],
    [
      'the verifier imports a package',
      'the-verifier-stands-alone',
      'verifier/src/new.ts',
      "import jwt from 'jsonwebtoken'; export const x = jwt;",
    ],
    [
      'the client imports something of the service',
      'the-client-stands-alone',
      'client/src/new.ts',
      "import { systemClock } from '../../src/core/clock.ts'; export const x = systemClock;",
    ],
    [
      'a part of the client that works without React imports it',
      'only-its-entry-knows-react',
      'client/src/new.ts',
      "import { useState } from 'react'; export const x = useState;",
    ],
    [
      'the service imports what is for others',
      'the-service-takes-the-core-of-the-verifier',
      'src/features/accounts/new.ts',
      "import { bearer } from '@latchkey/verifier'; export const x = bearer;",
    ],
    [
      'a feature imports bcrypt',
      'bcrypt-only-in-its-place',
      'src/features/accounts/new.ts',
      "import bcrypt from 'bcrypt'; export const x = bcrypt;",
    ],
    [
      'a feature imports prom-client',
      'prom-client-only-in-its-place',
      'src/features/accounts/new.ts',
      "import { Gauge } from 'prom-client'; export const x = Gauge;",
    ],
    [
      'a feature imports another feature',
      'features-stand-alone',
      'src/features/health/new.ts',
      "import { createAccounts } from '../accounts/accounts.ts'; export const x = createAccounts;",
    ],
    [
      'a feature imports a type of another feature',
      'features-stand-alone',
      'src/features/health/new.ts',
      "import type { Accounts } from '../accounts/accounts.ts'; export type X = Accounts;",
    ],
    [
      'the core imports a feature',
      'the-core-knows-no-feature-and-no-http',
      'src/core/tokens/new.ts',
      "import { createAccounts } from '../../features/accounts/accounts.ts'; export const x = createAccounts;",
    ],
    [
      'the core imports the HTTP part',
      'the-core-knows-no-feature-and-no-http',
      'src/core/tokens/new.ts',
      "import { parse } from '../../http/parse.ts'; export const x = parse;",
    ],
    [
      'a connection imports a feature',
      'the-core-knows-no-feature-and-no-http',
      'src/redis/new.ts',
      "import { createAccounts } from '../features/accounts/accounts.ts'; export const x = createAccounts;",
    ],
    [
      'the HTTP part imports a feature',
      'http-knows-no-feature-and-no-database',
      'src/http/new.ts',
      "import { createAccounts } from '../features/accounts/accounts.ts'; export const x = createAccounts;",
    ],
    [
      'the HTTP part imports a database connection',
      'http-knows-no-feature-and-no-database',
      'src/http/new.ts',
      "import { connectDatabase } from '../db/connect.ts'; export const x = connectDatabase;",
    ],
    [
      'a connection imports a store of the core',
      'connections-know-the-words-of-the-core-only',
      'src/db/new.ts',
      "import { createUserStore } from '../core/users/users.store.ts'; export const x = createUserStore;",
    ],
    [
      'the core imports a provider',
      'providers-are-opened-at-the-top',
      'src/core/sign-in/new.ts',
      "import { openProviders } from '../../providers/open.ts'; export const x = openProviders;",
    ],
    [
      'a feature imports a type of a provider',
      'providers-are-opened-at-the-top',
      'src/features/accounts/new.ts',
      "import type { Claims } from '../../providers/definition.ts'; export type X = Claims;",
    ],
    [
      'a provider imports a store of the core',
      'providers-know-identities-only',
      'src/providers/new.ts',
      "import { createIdentityStore } from '../core/identities/identities.store.ts'; export const x = createIdentityStore;",
    ],
    [
      'the configuration imports what opens providers',
      'configuration-stands-alone',
      'src/config/new.ts',
      "import { openProviders } from '../providers/open.ts'; export const x = openProviders;",
    ],
    [
      'a feature imports openid-client when it is needed',
      'openid-client-only-in-its-place',
      'src/features/accounts/new.ts',
      "export const x = () => import('openid-client');",
    ],
    [
      'the core imports jose',
      'jose-only-in-its-place',
      'src/core/tokens/new.ts',
      "import { jwtVerify } from 'jose'; export const x = jwtVerify;",
    ],
    [
      'the configuration imports the core',
      'configuration-stands-alone',
      'src/config/new.ts',
      "import { createCore } from '../core/core.ts'; export const x = createCore;",
    ],
    [
      'anything imports app.ts',
      'nothing-imports-the-top',
      'src/features/docs/new.ts',
      "import { createApp } from '../../app.ts'; export const x = createApp;",
    ],
    [
      'anything imports what runs the service',
      'nothing-imports-the-top',
      'src/core/tokens/new.ts',
      "import { assemble } from '../../runtime/assemble.ts'; export const x = assemble;",
    ],
    [
      'the service imports a development dependency',
      'no-development-dependencies',
      'src/http/new.ts',
      "import request from 'supertest'; export const x = request;",
    ],
    [
      'an import leads nowhere',
      'everything-resolves',
      'src/features/accounts/new.ts',
      "import { x } from './missing.ts'; export const y = x;",
    ],
    ['a file is used by no other', 'no-orphans', 'src/features/accounts/new.ts', 'export const x = 1;'],
  ];

  describe('fail when', () => {
    const numbered = FORBIDDEN.map(
      ([what, rule, path, line], index) => [what, rule, path.replace('new', `new-${index}`), line] as const,
    );
    let run: { exitCode: number; output: string };

    // All at once, since the linter reads the whole source each time.
    beforeAll(async () => {
      run = await lintWith({
        ...Object.fromEntries(numbered.map(([, , path, line]) => [path, `${line}\n`])),
        'src/features/accounts/one.ts': "import { two } from './two.ts';\nexport const one = () => two;\n",
        'src/features/accounts/two.ts': "import { one } from './one.ts';\nexport const two = () => one;\n",
      });
    });

    it.each(numbered)('%s', (_what, rule, path) => {
      expect(run.exitCode).not.toBe(0);
      expect(run.output).toContain(`error ${rule}: ${path}`);
    });

    it('two files import each other', () => {
      expect(run.output).toContain('error no-cycles: src/features/accounts/');
    });
  });
});

describe('What npm run lint says of values in the text of statements', () => {
  const newDirectory = useDirectories();
  let directory: string;

  beforeAll(() => {
    directory = newDirectory();
    for (const path of ['biome.json', 'scripts/lint']) {
      cpSync(join(CHECKOUT, path), join(directory, path), { recursive: true });
    }
    symlinkSync(join(CHECKOUT, 'node_modules'), join(directory, 'node_modules'));
    mkdirSync(join(directory, 'src/db'), { recursive: true });
  });

  /** What Biome says, by the configuration of the checkout, of a store with this line. */
  function lint(line: string): Promise<{ exitCode: number; output: string }> {
    const args = ['lint', '--vcs-enabled=false', '--colors=off', 'src/db'];
    writeFileSync(join(directory, 'src/db/any-store.ts'), `${line}\n`);
    return new Promise((resolve) => {
      execFile(join(CHECKOUT, 'node_modules/.bin/biome'), args, { cwd: directory }, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
      );
    });
  }

  it.each([
    ["import { literal } from 'sequelize';\nexport const x = (y: string) => literal(y);"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source.
    ["import { literal } from 'sequelize';\nexport const x = (y: string) => literal(`a = ${y}`);"],
    ["import { literal } from 'sequelize';\nexport const x = (y: string) => literal('a = ' + y);"],
    ["import { Sequelize } from 'sequelize';\nexport const x = (y: string) => Sequelize.literal(y);"],
    ["import type { Sequelize } from 'sequelize';\nexport const x = (y: Sequelize) => y.escape('a');"],
  ])('refuses %j', async (line) => {
    const { exitCode, output } = await lint(line);

    expect(exitCode).not.toBe(0);
    expect(output).toContain('give values as replacements or bind them');
  });

  it.each([
    ["import { literal } from 'sequelize';\nexport const x = literal('a = b');"],
    ["import { literal } from 'sequelize';\nexport const x = literal(`a =\n  b`);"],
  ])('takes a constant: %j', async (line) => {
    expect(await lint(line)).toMatchObject({ exitCode: 0 });
  });
});
