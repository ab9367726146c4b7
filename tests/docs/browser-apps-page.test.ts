import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../src/core/errors.ts';
import { PAGE as ALLOWED, signUpByCookie, useCookieApp } from '../support/cookies.ts';
import { useDirectories } from '../support/directories.ts';
import { exampleFile } from '../support/example-file.ts';
import { onNginx } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { type Nginx, runNginx } from '../support/nginx.ts';
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

    it('lead from the sign-up to an access token when pasted from top to bottom', async () => {
      const shell = openShell(newDirectory(), {});
      const answers: string[] = [];
      for (const command of blocks('sh').filter((block) => block.includes('curl'))) {
        answers.push(
          await shell.run(command.replaceAll('http://localhost:3000', `http://localhost:${server.port}`)),
        );
      }
      await shell.close();
      const [signedUp = '', walk = '', handled = ''] = answers;

      const [shown = ''] = blocks('json');
      expect(Object.keys(JSON.parse(signedUp))).toEqual(Object.keys(JSON.parse(shown)));
      expect(Object.keys(JSON.parse(signedUp).user)).toEqual(Object.keys(JSON.parse(shown).user));
      expect(walk).toMatch(/"name":null.*"name":"Ada".*HTTP\/1\.1 204 .*"code":"token_missing"/s);
      expect(JSON.parse(handled)).toMatchObject({ user: { name: 'Ada' } });
      expect(answers).toHaveLength(3);
    });
  });

  it('has code that is that of the examples, which are tried in a browser and with Redis', () => {
    const app = exampleFile('browser-app/app.js', {});
    const server = exampleFile('express-session/server.ts', {});
    const [options = ''] = blocks('ts');

    expect(blocks('js').filter((block) => !app.includes(block))).toEqual([]);
    expect(blocks('js')).toHaveLength(2);
    expect(server).toContain(options);
    expect(blocks('sh')).toContain('node examples/browser-app/serve.mjs\n');
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];
    const wrong = rows.filter(
      ([, code = '', status]) => ERRORS[code as keyof typeof ERRORS]?.status !== Number(status),
    );

    expect(wrong).toEqual([]);
    expect(rows).toHaveLength(5);
  });

  it('has a picture that is quickly loaded', () => {
    expect(statSync(join(DOCS, 'images/browser-app.png')).size).toBeLessThan(60_000);
  });

  onNginx((nginx) => {
    const app = useCookieApp('SQLite');
    const service = createServer((req, res) => res.end(req.headers['x-auth-subject']));
    let gateway: Pick<Nginx, 'stop'>;
    let url: string;

    beforeAll(async () => {
      service.listen(0, '127.0.0.1');
      await once(service, 'listening');
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const conf = exampleFile('nginx/nginx.conf', {
        '127.0.0.1:8080': `127.0.0.1:${port}`,
        '127.0.0.1:3000': `127.0.0.1:${app.port}`,
        '127.0.0.1:4000': `127.0.0.1:${(service.address() as AddressInfo).port}`,
        ...replacementsIn(blocks('diff', 'Behind nginx')[0] ?? ''),
      });
      gateway = await runNginx(nginx, conf);
    });
    afterAll(async () => {
      await gateway?.stop();
      service.closeAllConnections();
      service.close();
    });

    it('has lines with which nginx lets a cookie pass, and a change from an allowed page only', async () => {
      const { id, cookie, csrfToken } = await signUpByCookie(app);
      const ask = async (method: string, headers: Record<string, string>) => {
        const response = await fetch(url, { method, headers, body: method === 'POST' ? 'text' : null });
        return [response.status, response.ok && (await response.text())];
      };

      const read = await ask('GET', { Cookie: cookie });
      const changed = await ask('POST', { Cookie: cookie, Origin: ALLOWED });
      const foreign = await ask('POST', { Cookie: cookie, Origin: 'https://evil.example' });
      const nameless = await ask('POST', { Cookie: cookie });
      const stranger = await ask('GET', {});
      await app
        .post('/logout')
        .set({ Cookie: cookie, Origin: ALLOWED, 'X-CSRF-Token': csrfToken })
        .expect(204);
      const loggedOut = await ask('GET', { Cookie: cookie });

      expect([read, changed]).toEqual([
        [200, id],
        [200, id],
      ]);
      expect([foreign, nameless]).toEqual([
        [403, false],
        [403, false],
      ]);
      expect([stranger, loggedOut]).toEqual([
        [401, false],
        [401, false],
      ]);
    });
  });
});

/** What a diff takes away, with what it puts there. */
function replacementsIn(diff: string): Record<string, string> {
  const hunks = [...diff.matchAll(/^-(.*)\n((?:\+.*\n)+)/gm)];
  return Object.fromEntries(
    hunks.map(([, line = '', added = '']) => [line, added.replace(/^\+/gm, '').trimEnd()]),
  );
}
