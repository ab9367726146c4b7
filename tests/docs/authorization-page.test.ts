import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES } from '../../src/core/audit/audit.ts';
import { ADMIN_COMMAND, useOperatedApp } from '../support/admin-command.ts';
import { useDirectories } from '../support/directories.ts';

const PAGE = readFileSync(new URL('../../docs/authorization.md', import.meta.url), 'utf8');
const NPM_RUN_ADMIN = 'npm run --silent admin --';

describe('docs/authorization.md', () => {
  const newDirectory = useDirectories();
  // Within one of the hash that the page imports.
  const { app, databaseUrl } = useOperatedApp('SQLite', newDirectory, { BCRYPT_COST: '11' });

  it('has commands that work when pasted from top to bottom', async () => {
    const commands = [...PAGE.matchAll(/```sh\n([^`]+)```/g)].map(([, command = '']) => command);
    const script = commands
      .filter((command) => command.includes('curl'))
      .join('\necho; echo ----\n')
      .replaceAll('http://localhost:3000', app().url)
      .replaceAll(NPM_RUN_ADMIN, `${process.execPath} ${ADMIN_COMMAND}`);

    const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
      cwd: newDirectory(),
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl(), BCRYPT_COST: '4' },
    });
    const [first, made, given, told, taken, imported, machine, asKey, audit] = stdout.split('----\n');

    expect(first).toContain('root@example.com has been created with the roles admin, user');
    expect(made).toMatch(/"name":"orders:read".*"name":"clerk"/s);
    expect(given).toContain('"roles":["clerk","user"]');
    expect(JSON.parse(told ?? '')).toMatchObject({ roles: ['clerk', 'user'], scope: 'orders:read' });
    expect(taken).toMatch(/"code":"token_revoked".*"scope":""/s);
    expect(machine).toMatch(/"active":true.*\{"active":false\}\n$/s);
    expect(JSON.parse(imported ?? '')).toMatchObject({ imported: 1, refused: 1 });
    expect(JSON.parse(asKey ?? '')).toMatchObject({ user: { email: 'clerk@example.com' } });
    expect(JSON.parse(audit ?? '')).toHaveProperty('next_cursor');
  });

  it('names every type of event that the audit log knows', () => {
    expect(EVENT_TYPES.filter((type) => !PAGE.includes(`\`${type}\``))).toEqual([]);
  });

  it('names every permission that guards a route', async () => {
    const { body } = await app().get('/openapi.json').expect(200);
    const guards = JSON.stringify(body).match(/[a-z-]+:[a-z-]+(?=`\.)/g) ?? [];

    expect(guards.length).toBeGreaterThan(20);
    expect(guards.filter((permission) => !PAGE.includes(`\`${permission}\``))).toEqual([]);
  });
});
