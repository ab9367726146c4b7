import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { ADMIN_COMMAND, useOperatedApp } from '../support/admin-command.ts';
import { useDirectories } from '../support/directories.ts';

const PAGE = readFileSync(new URL('../../docs/password-reset.md', import.meta.url), 'utf8');
const NPM_RUN_ADMIN = 'npm run --silent admin --';

describe('docs/password-reset.md', () => {
  const newDirectory = useDirectories();
  const { app, databaseUrl } = useOperatedApp('SQLite', newDirectory);
  const blocks = [...PAGE.matchAll(/```sh\n([^`]+)```/g)].map(([, block = '']) => block);

  it('has commands that work when pasted from top to bottom', async () => {
    const script = blocks
      .slice(0, 4)
      .join('\necho; echo ----\n')
      .replaceAll('http://localhost:3000', app().url)
      .replaceAll(NPM_RUN_ADMIN, `${process.execPath} ${ADMIN_COMMAND}`);

    const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
      cwd: newDirectory(),
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl(), BCRYPT_COST: '4' },
    });
    const [byCode, operator, , byLink] = stdout.split('----\n');

    expect(operator).toMatch(
      /operator@example\.com has another password.*\nhttp\S+\/password\/reset\/[\w-]{43}\n/,
    );
    for (const user of [byCode, byLink])
      expect(user).toMatch(/HTTP\/1\.1 204 No Content.*"email":"forgetful@example\.com".*"access_token"/s);
  });

  it('names a page that the configuration takes', () => {
    const [, PASSWORD_RESET_URL = ''] = /PASSWORD_RESET_URL='([^']+)'/.exec(blocks[4] ?? '') ?? [];

    expect(loadConfig({ PASSWORD_RESET_URL }).passwords.resetUrl).toBe(PASSWORD_RESET_URL);
  });
});
