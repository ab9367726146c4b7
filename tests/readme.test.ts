import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { useApp } from './support/app.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('The README', () => {
  const app = useApp('SQLite');

  it('has a walk with curl that works when pasted from top to bottom', async () => {
    const walk = section('A walk with curl');
    const commands = [...walk.matchAll(/```sh\n([^`]+)```/g)].map(([, command = '']) => command);
    const script = commands.join('\necho; echo ----\n').replaceAll('http://localhost:3000', app.url);

    const { stdout } = await promisify(execFile)('bash', ['-euc', script]);
    const answers = stdout.split('----\n');

    expect(JSON.parse(answers[0] ?? '')).toMatchObject({ user: { username: 'ada' }, token_type: 'Bearer' });
    expect(JSON.parse(answers[2] ?? '')).toMatchObject({ user: { email: 'ada@example.com' } });
    expect(answers[3]).toContain('WWW-Authenticate: Bearer realm="latchkey"');
    expect(answers[3]).toContain('"code":"token_missing"');
  });

  it('lists every endpoint of the API in its table', async () => {
    const { body } = await app.get('/openapi.json').expect(200);
    const operations = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `\`${method.toUpperCase()} ${path}\``),
    );

    for (const operation of operations) expect(section('Endpoints')).toContain(operation);
  });
});

function section(title: string): string {
  return README.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
}
