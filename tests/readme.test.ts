import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { describeService } from '../src/app.ts';
import { PUBLIC_URL, TEST_SECRET, useApp } from './support/app.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

describe('The README', () => {
  const app = useApp('SQLite');

  it('has a walk with curl that works when pasted from top to bottom', async () => {
    const walk = section('A walk with curl');
    const commands = [...walk.matchAll(/```sh\n([^`]+)```/g)].map(([, command = '']) => command);
    const script = commands
      .join('\necho; echo ----\n')
      .replace('issuer: "http://localhost:3000"', `issuer: "${PUBLIC_URL}"`)
      .replaceAll('http://localhost:3000', app.url);
    const env = { ...process.env, JWT_SECRET: TEST_SECRET };

    const { stdout } = await promisify(execFile)('bash', ['-euc', script], { cwd: ROOT, env });
    const [signup, _login, me, refused, verified, loggedOut] = stdout.split('----\n');

    const { user } = JSON.parse(signup ?? '');
    expect(user).toMatchObject({ username: 'ada' });
    expect(JSON.parse(me ?? '')).toMatchObject({ user: { email: 'ada@example.com' } });
    expect(refused).toContain('WWW-Authenticate: Bearer realm="latchkey"');
    expect(refused).toContain('"code":"token_missing"');
    expect(verified?.trim()).toBe(user.id);
    expect(JSON.parse(loggedOut ?? '')).toMatchObject({ code: 'token_revoked' });
  });
});

describe('docs/api.md', () => {
  it('lists every endpoint of the OpenAPI document', async () => {
    const page = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');

    for (const [path, methods] of Object.entries((await describeService()).paths ?? {})) {
      for (const method of Object.keys(methods)) {
        expect(page).toContain(`| \`${method.toUpperCase()} ${path}\` |`);
      }
    }
  });
});

function section(title: string): string {
  return README.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
}
