import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../src/app.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { startServer } from '../support/server-process.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/step-up.md', import.meta.url)), 'utf8');

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\`$`, 'gms');
  return [...PAGE.matchAll(pattern)].map(([, code = '']) => code);
}

describe('docs/step-up.md', () => {
  const newDirectory = useDirectories();

  it('has commands that raise a session and make an API key in it', async () => {
    const port = String(await freePort());
    const env = { ...QUICK, PORT: port, PUBLIC_URL: `http://localhost:${port}` };
    const server = await startServer(newDirectory(), env);
    const shell = openShell(newDirectory(), {});
    const printed: string[] = [];
    try {
      for (const command of blocks('sh'))
        printed.push(await shell.run(command.replaceAll('http://localhost:3000', server.url)));
    } finally {
      await shell.close();
      await server.stop();
    }

    const [signedUp, proved = ''] = printed;
    expect(signedUp).toBe('');
    const [answer = '', made] = proved.split(/\n(?=HTTP)/);
    const [example = ''] = blocks('json');
    expect(Object.keys(JSON.parse(answer))).toEqual(Object.keys(JSON.parse(example)));
    expect(made).toMatch(/^HTTP\/1\.1 201 .*"key":/s);
    expect(printed).toHaveLength(2);
  });

  it('names every route that takes it, those of administrators in one row', () => {
    const named = [
      ...(PAGE.split('## What takes it')[1]?.split('\n\n')[1] ?? '').matchAll(/`([A-Z]+ \/\S+)`/g),
    ];
    const own = allRoutes().filter(({ access, path }) => access.stepUp && !path.startsWith('/admin/'));

    const operations = own.map(({ method, path }) => `${method} ${path}`);
    expect(named.map(([, operation]) => operation).sort()).toEqual(operations.sort());
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];
    const wrong = rows.filter(
      ([, code = '', status]) => ERRORS[code as keyof typeof ERRORS]?.status !== Number(status),
    );

    expect(wrong).toEqual([]);
    expect(rows).toHaveLength(5);
  });
});
