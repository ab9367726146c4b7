import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../src/core/errors.ts';
import { useDirectories } from '../support/directories.ts';
import { exampleFile } from '../support/example-file.ts';
import { onNginx } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const PAGE = readFileSync(join(DOCS, 'browser-apps.md'), 'utf8');

/** The blocks of one language, in the section with this heading or in all. */
function blocks(language: string, heading?: string): string[] {
  const section =
    heading === undefined ? PAGE : (PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '');
  return [...section.matchAll(new RegExp(`\`\`\`${language}\\n([^\`]+)\`\`\``, 'g'))].map(
    ([, code = '']) => code,
  );
}

describe('docs/browser-apps.md', () => {
  const newDirectory = useDirectories();

  describe('Its commands', () => {
    let server: ServerProcess;
    beforeAll(async () => {
      const port = await freePort();
      const env = { ...QUICK, PORT: String(port), PUBLIC_URL: `http://localhost:${port}` };
      server = await startServer(newDirectory(), env);
    });
    afterAll(() => server.stop());

    const here = (commands: string) =>
      commands.replaceAll('http://localhost:3000', `http://localhost:${server.port}`);

    it('lead from the sign-up to an access token when pasted from top to bottom', async () => {
      const shell = openShell(newDirectory(), {});
      const answers: string[] = [];
      for (const command of blocks('sh').filter((block) => /curl/.test(block) && !/nginx/.test(block)))
        answers.push(await shell.run(here(command)));
      await shell.close();
      const [signedUp = '', walk = '', handled = ''] = answers;

      const [shown = ''] = blocks('json');
      expect(Object.keys(JSON.parse(signedUp))).toEqual(Object.keys(JSON.parse(shown)));
      expect(Object.keys(JSON.parse(signedUp).user)).toEqual(Object.keys(JSON.parse(shown).user));
      expect(walk).toMatch(/"name":null.*"name":"Ada".*HTTP\/1\.1 204 .*"code":"token_missing"/s);
      expect(JSON.parse(handled)).toMatchObject({ user: { name: 'Ada' } });
      expect(answers).toHaveLength(3);
    });

    onNginx((nginx) => {
      it('lead a cookie through nginx, which keeps it from the service, and a change of an allowed page only', async () => {
        const shell = openShell(newDirectory(), {});
        const [signUp = ''] = blocks('sh');
        const [commands = ''] = blocks('sh', 'Behind nginx');
        const [port, servicePort] = [String(await freePort()), String(await freePort())];
        const gateway = newDirectory();
        const conf = join(gateway, 'nginx.conf');
        const addresses = {
          '127.0.0.1:8080': `127.0.0.1:${port}`,
          '127.0.0.1:3000': `127.0.0.1:${server.port}`,
          '127.0.0.1:4000': `127.0.0.1:${servicePort}`,
        };
        writeFileSync(conf, exampleFile('nginx/nginx.conf', addresses));

        const signedUp = await shell.run(here(signUp).replace('lovelace@', 'grace@'));
        await shell.run(`trap 'kill $(jobs -p) $(cat ${gateway}/nginx.pid) 2>/dev/null || true' EXIT`);
        const printed = await shell.run(
          here(commands)
            .replaceAll('"$PWD/examples/nginx/nginx.conf"', conf)
            .replaceAll('/tmp/gateway', gateway)
            .replaceAll('nginx -e', `${nginx} -e`)
            .replaceAll(':8080/', `:${port}/`)
            .replaceAll('listen(4000', `listen(${servicePort}`),
        );
        await shell.close();

        const [read = '', changed = '', refused = ''] = printed.split('\n');
        const { user } = JSON.parse(signedUp);
        for (const [method, got] of [
          ['GET', read],
          ['POST', changed],
        ] as const) {
          expect(got.slice(0, got.indexOf('{'))).toBe(method);
          expect(JSON.parse(got.slice(method.length))).toMatchObject({ 'x-auth-subject': user.id });
        }
        expect(JSON.parse(refused)).toMatchObject({ status: 403, code: 'origin_not_allowed' });
        expect(printed).not.toContain('latchkey=');
      });
    });
  });

  it('has code that is that of the examples, which are tried in a browser and with Redis', () => {
    const app = exampleFile('browser-app/app.js', {});
    const server = exampleFile('express-session/server.ts', {});
    const [options = ''] = blocks('ts', 'Other Express services');

    expect(blocks('js').filter((block) => !app.includes(block))).toEqual([]);
    expect(blocks('js')).toHaveLength(2);
    expect(server).toContain(options);
    expect(blocks('sh')).toContain('node examples/browser-app/serve.mjs\n');
  });

  it('has a proxy that passes on what a page calls and what mails lead to, and keeps other paths', () => {
    const [proxy = ''] = blocks('ts', "A proxy at the page's own origin");
    const passed = new RegExp(/'(\^.+)':/.exec(proxy)?.[1] ?? '');
    const api = readFileSync(join(DOCS, 'api.md'), 'utf8');
    const sections = api
      .split('\n## ')
      .filter((text) => /^(Accounts|Codes and links|Sessions|Cookies)/.test(text));
    const paths = sections
      .flatMap((text) => [...text.matchAll(/^\| `[A-Z]+ (\/[^`]+)`/gm)].map(([, path = '']) => path))
      .filter((path) => !['/dev/outbox', '/refresh'].includes(path));

    expect(paths.filter((path) => !passed.test(path))).toEqual([]);
    expect(paths.length).toBeGreaterThan(25);
    expect(['/', '/messages', '/emails/1', '/login.css'].filter((path) => passed.test(path))).toEqual([]);
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];
    const wrong = rows.filter(
      ([, code = '', status]) => ERRORS[code as keyof typeof ERRORS]?.status !== Number(status),
    );

    expect(wrong).toEqual([]);
    expect(rows).toHaveLength(6);
  });

  it('has a picture that is quickly loaded', () => {
    expect(statSync(join(DOCS, 'images/browser-app.png')).size).toBeLessThan(60_000);
  });
});
