import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { REFUSALS } from '@latchkey/verifier/core';
import { ADMIN_COMMAND } from '../support/admin-command.ts';
import { useDirectories } from '../support/directories.ts';
import { onPython } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { copyCheckout, NODE_MODULES } from '../support/packing.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { eventually, send } from '../support/several-processes.ts';
import { readStartBlock } from '../support/start-block.ts';
import { aSecretKey, sign } from '../support/verifiers.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/verify-tokens.md'), 'utf8');
const PASSWORD = 'correct horse battery staple';

/** The blocks of one language in the section with this heading. */
function blocksIn(heading: string, language: string): [string, ...string[]] {
  const section = PAGE.split(/\n(?=## )/).find((part) => part.startsWith(`## ${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(new RegExp(`\`\`\`${language}\\n([^\`]*(?:\`[^\`]+)*?)\`\`\``, 'g'))];
  const [first, ...others] = blocks.map(([, code = '']) => code);
  if (first === undefined) throw new Error(`there is no ${language} under ${heading}`);
  return [first, ...others];
}

const codeIn = (heading: string, language: string) => blocksIn(heading, language).join('\n');

describe('docs/verify-tokens.md', () => {
  const newDirectory = useDirectories();
  let directory: string;
  let server: ServerProcess;
  let url: string;
  /** The variables that the first commands of the page set, for all others. */
  let shell: Record<string, string>;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    directory = newDirectory();
    const [keys, client = ''] = blocksIn('What your service needs', 'sh');
    const { before, env } = readStartBlock(keys);
    await bash(before);
    server = await startServer(directory, {
      PORT: String(port),
      PUBLIC_URL: url,
      BCRYPT_COST: '4',
      ...env,
    });
    // As npm install of the package and of Express would do.
    mkdirSync(join(directory, 'node_modules/@latchkey'), { recursive: true });
    symlinkSync(join(ROOT, 'verifier'), join(directory, 'node_modules/@latchkey/verifier'));
    symlinkSync(join(ROOT, 'node_modules/express'), join(directory, 'node_modules/express'));
    const stdout = await bash(`${client}\necho "$CLIENT_ID $CLIENT_SECRET $ACCESS_TOKEN"`, {
      BCRYPT_COST: '4',
    });
    const [CLIENT_ID = '', CLIENT_SECRET = '', ACCESS_TOKEN = ''] =
      stdout.trim().split('\n').at(-1)?.split(' ') ?? [];
    shell = { CLIENT_ID, CLIENT_SECRET, ACCESS_TOKEN };
  });
  afterAll(() => server.stop());

  const here = (code: string) =>
    code
      .replaceAll('http://localhost:3000', url)
      .replaceAll('npm run --silent admin --', `${process.execPath} ${ADMIN_COMMAND}`)
      // It is there already.
      .replaceAll('npm install express\n', '');

  function start(script: string, env: Record<string, string> = {}) {
    return spawn('bash', ['-euc', here(script)], {
      cwd: directory,
      env: { PATH: process.env.PATH, ...env },
    });
  }

  async function bash(script: string, env: Record<string, string> = {}) {
    const child = start(script, env);
    return text(child.stdout);
  }

  async function signUp(): Promise<{ id: string; token: string }> {
    const email = `${Math.random().toString(36).slice(2)}@example.com`;
    const { body } = await send(`${url}/signup`, { method: 'POST', body: { email, password: PASSWORD } });
    return { id: (body.user as { id: string }).id, token: body.access_token as string };
  }

  it('begins with what a service needs: keys that are public, a machine client, and a token to try', async () => {
    const { body } = await send(`${url}/.well-known/jwks.json`);

    expect(body.keys).toMatchObject([{ kty: 'EC', alg: 'ES256' }]);
    expect(statSync(join(directory, 'data/es256.pem')).mode & 0o077).toBe(0);
    expect(shell).toEqual({
      CLIENT_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      CLIENT_SECRET: expect.stringMatching(/^lcs_/),
      ACCESS_TOKEN: expect.stringMatching(/^eyJ/),
    });
  });

  it('says how the package is installed from a tag of the repository', async () => {
    const [checkout, consumer] = [newDirectory(), newDirectory()];
    const run = (cwd: string, script: string) =>
      promisify(execFile)('bash', ['-euc', script], {
        cwd,
        env: { PATH: process.env.PATH, REPOSITORY: `file://${checkout}` },
      });
    copyCheckout(checkout);
    await run(
      checkout,
      `git init -q; git add -A; git -c user.name=x -c user.email=x commit -qm x; git tag v0.1.0`,
    );
    writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer" }');
    const [tag] = blocksIn('Install the package', 'sh');
    const install = tag
      .replace('npm ci --ignore-scripts', `ln -s ${NODE_MODULES} node_modules`)
      .replace('npm install', 'npm install --offline --no-audit --no-fund');

    const { stdout } = await run(
      consumer,
      `${install}\nnode -e 'console.log(typeof require("@latchkey/verifier").createVerifier)'`,
    );

    expect(stdout.trim().split('\n').at(-1)).toBe('function');
  });

  it('has a service in Express that lets pass, refuses, and learns of a logout', async () => {
    writeFileSync(join(directory, 'server.mjs'), here(codeIn('Express', 'js')));
    const port = await freePort();
    const service = start(codeIn('Express', 'sh'), { ...shell, PORT: String(port) });
    const ask = (path: string, token?: string) => send(`http://127.0.0.1:${port}${path}`, { token });
    const { id, token } = await signUp();
    await eventually(
      () => ask('/whoami').catch(() => ({ status: 0 })),
      ({ status }) => status !== 0,
    );

    const [welcome, forbidden, anonymous] = [
      await ask('/whoami', token),
      await ask('/orders', token),
      await ask('/whoami'),
    ];
    await send(`${url}/logout`, { method: 'POST', token });
    const refused = await eventually(
      () => ask('/whoami', token),
      ({ status }) => status === 401,
    );
    service.kill();

    expect([welcome.status, welcome.body]).toEqual([200, { subject: id }]);
    expect([forbidden.body.code, anonymous.body.code]).toEqual(['insufficient_scope', 'token_missing']);
    expect(refused.body.code).toBe('token_revoked');
  });

  it('has a program for any Node', async () => {
    writeFileSync(join(directory, 'check.mjs'), here(codeIn('Any Node program', 'js')));
    const { id, token } = await signUp();

    const good = await bash(codeIn('Any Node program', 'sh'), { ...shell, ACCESS_TOKEN: token });
    const bad = await bash(codeIn('Any Node program', 'sh'), { ...shell, ACCESS_TOKEN: 'rubbish' });

    expect(good).toBe(`${id} may do: \n`);
    expect(bad).toMatch(/^token_invalid: The access token is not valid\./);
  });

  it('has a verifier for a shared secret', async () => {
    const secret = 'a secret that a service shares with Latchkey';
    const [options] = blocksIn('With a shared secret', 'js');
    const program = `import { createVerifier } from '@latchkey/verifier';\n${options}
      console.log(verifier.verifySync(process.argv[2]).sub);`;
    writeFileSync(join(directory, 'shared.mjs'), here(program));
    const token = sign(aSecretKey(secret), { iss: url, sub: 'ada' });

    expect(await bash(`node shared.mjs ${token}`, { JWT_SECRET: secret })).toBe('ada\n');
  });

  onPython((python) => {
    const example = (name: string) => readFileSync(join(ROOT, 'examples/python', name), 'utf8');

    it('has a service in Flask, which is that of the examples, and runs', async () => {
      const [service] = blocksIn('Python', 'python');
      expect(example('flask_service.py')).toContain(service.replace('# service.py\n', ''));
      writeFileSync(join(directory, 'service.py'), here(service));
      const port = await freePort();
      const commands = codeIn('Python', 'sh')
        .replace('/path/to/latchkey', ROOT)
        .replace(/^apt-get .*\n/m, '')
        .replace('/usr/bin/python3', `exec ${python}`)
        .replace('4002', String(port));
      const running = start(commands, { ...shell, PYTHONDONTWRITEBYTECODE: '1' });
      const { id, token } = await signUp();

      const answer = await eventually(
        () => send(`http://127.0.0.1:${port}/whoami`, { token }).catch(() => undefined),
        (answer) => answer !== undefined,
      );
      running.kill();

      expect(answer?.body).toEqual({ subject: id });
    });

    it('has lines for FastAPI that are those of the example', () => {
      const [, lines = ''] = blocksIn('Python', 'python');

      expect(example('fastapi_service.py')).toContain(lines.slice(0, lines.indexOf('\n\n')));
      expect(example('fastapi_service.py')).toContain(lines.slice(lines.indexOf('@app')));
    });

    it('has a verifier in Python for a shared secret', async () => {
      const secret = 'a secret that a service shares with Latchkey';
      const [options] = blocksIn('With a shared secret', 'python');
      const program = `import os, sys\nfrom latchkey import Verifier\n${options}
print(verifier.verify(sys.argv[1])["sub"])`;
      writeFileSync(join(directory, 'shared.py'), here(program));
      const token = sign(aSecretKey(secret), { iss: url, sub: 'ada' });

      const PYTHONPATH = join(ROOT, 'examples/python');
      const env = { JWT_SECRET: secret, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' };
      expect(await bash(`${python} shared.py ${token}`, env)).toBe('ada\n');
    });
  });

  it('has lines for nginx that are those of the example', () => {
    const example = readFileSync(join(ROOT, 'examples/nginx/nginx.conf'), 'utf8').split('\n');
    const lines = codeIn('nginx', 'nginx').split('\n');
    const known = new Set(example.map((line) => line.trim()));

    expect(lines.filter((line) => !known.has(line.trim()))).toEqual([]);
  });

  it('introspects', async () => {
    const { id, token } = await signUp();

    const stdout = await bash(codeIn('By hand, with introspection', 'sh'), {
      ...shell,
      ACCESS_TOKEN: token,
    });

    const shown = JSON.parse(codeIn('By hand, with introspection', 'json'));
    expect(JSON.parse(stdout)).toMatchObject({ active: true, sub: id, token_type: 'Bearer' });
    expect(Object.keys(JSON.parse(stdout)).sort()).toEqual(Object.keys(shown).sort());
  });

  it('follows the feed', async () => {
    const stdout = await bash(codeIn('Follow revocations yourself', 'sh'), shell);

    const shown = JSON.parse(codeIn('Follow revocations yourself', 'json'));
    expect(Object.keys(JSON.parse(stdout))).toEqual(Object.keys(shown));
  });

  it('names every code of the verifier, with its status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);

    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(REFUSALS).map(([code, { status }]) => [code, status])),
    );
  });
});
