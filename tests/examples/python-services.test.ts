import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { createTestClock, PUBLIC_URL, startApp, type TestApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { useDirectories } from '../support/directories.ts';
import { exampleFile, examplePath } from '../support/example-file.ts';
import { aKey, forger, partsOf, type TokenKey } from '../support/forge-token.ts';
import { onPython } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { collectOutput } from '../support/output.ts';
import { signUp } from '../support/people.ts';
import { pythonEnvironment } from '../support/python.ts';
import { signUpWhoMay } from '../support/roles.ts';
import { eventually, send } from '../support/several-processes.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const README = readFileSync(examplePath('python/README.md'), 'utf8');

/** How each is run, as its page says it. */
const SERVICES = [
  { program: 'flask_service', command: '-m flask --app flask_service run --port 4002', port: '4002' },
  { program: 'fastapi_service', command: '-m uvicorn fastapi_service:app --port 4003', port: '4003' },
];

onPython((python) => {
  const newDirectory = useDirectories();
  const key: TokenKey = aKey('ES256');
  let app: TestApp;
  let proxy: TcpProxy;
  let client: { id: string; secret: string };

  beforeAll(async () => {
    const pem = key.key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const clock = { ...createTestClock(), ...systemClock };
    app = await startApp('SQLite', { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: pem }, undefined, { clock });
    app.start();
    proxy = await startTcpProxy('127.0.0.1', app.port);
    client = await makeClient(app, { scope: 'revocations:read' });
  });
  afterAll(async () => {
    await proxy.stop();
    await app.stop();
  });

  describe.each(SERVICES)('examples/python/$program.py', ({ program, command, port: shownPort }) => {
    let url: string;
    let stop: () => Promise<unknown>;
    let output: { readonly stderr: string };

    beforeAll(async () => {
      const port = String(await freePort());
      const directory = newDirectory();
      symlinkSync(examplePath('python/latchkey.py'), join(directory, 'latchkey.py'));
      const secret = 'client_secret=os.environ["CLIENT_SECRET"],';
      const source = exampleFile(`python/${program}.py`, { [secret]: `${secret} max_lag_seconds=2,` });
      writeFileSync(join(directory, `${program}.py`), source);
      const child = spawn(python, command.replace(shownPort, port).split(' '), {
        cwd: directory,
        env: pythonEnvironment({
          LATCHKEY_URL: `http://127.0.0.1:${proxy.port}`,
          JWT_ISSUER: PUBLIC_URL,
          CLIENT_ID: client.id,
          CLIENT_SECRET: client.secret,
        }),
      });
      output = collectOutput(child);
      const ended = once(child, 'close');
      stop = () => {
        child.kill('SIGTERM');
        return ended;
      };
      url = `http://127.0.0.1:${port}`;
      const status = await eventually(
        () =>
          send(url).then(
            ({ status }) => status,
            () => child.exitCode ?? 0,
          ),
        (status) => status !== 0,
        60_000,
      );
      if (status !== 404) throw new Error(`it answers ${status}: ${output.stderr}`);
    });
    afterAll(() => stop());

    const ask = (path: string, token?: string) =>
      request(url + path, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });

    async function answerOf(sent: ReturnType<typeof request>) {
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response) text += chunk;
      return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) };
    }
    const get = (path: string, token?: string) => answerOf(ask(path, token));

    const untilRefused = (path: string, token: string) =>
      eventually(
        () => get(path, token),
        ({ status }) => status !== 200,
      );

    it('is started by the command of its page', () => {
      expect(README).toContain(`/usr/bin/python3 ${command}\n`);
    });

    it('lets pass who has a token, and whoever may read orders to the orders', async () => {
      const [person, clerk] = [await signUp(app), await signUpWhoMay(app, ['orders:read'])];

      expect(await get('/whoami', person.token)).toMatchObject({ status: 200, body: { subject: person.id } });
      expect(await get('/orders', clerk.token)).toMatchObject({ status: 200, body: { of: clerk.id } });
    });

    it.each<[what: string, status: number, code: string, token: () => Promise<string | undefined>]>([
      ['no token', 401, 'token_missing', async () => undefined],
      ['one that is tampered with', 401, 'token_invalid', async () => tampered((await signUp(app)).token)],
      [
        'one for another audience',
        401,
        'token_invalid',
        async () => (await forge())({ claims: { aud: 'x' } }),
      ],
      [
        'one without a signature, which says alg none',
        401,
        'token_invalid',
        async () => (await forge())({ header: { alg: 'none' }, sign: () => Buffer.alloc(0) }),
      ],
      [
        'one that has expired',
        401,
        'token_expired',
        async () => (await forge())({ claims: { iat: 1_700_000_000, exp: 1_700_000_900 } }),
      ],
      ['an API key', 401, 'token_invalid', async () => 'lk_of_somebody'],
    ])('refuses %s: %d %s', async (_what, status, code, token) => {
      const { headers, ...answer } = await get('/whoami', await token());

      expect(answer).toEqual({
        status,
        body: {
          type: `urn:latchkey:error:${code}`,
          title: expect.any(String),
          status,
          detail: expect.any(String),
          code,
        },
      });
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'www-authenticate':
          code === 'token_missing'
            ? 'Bearer realm="latchkey"'
            : `Bearer realm="latchkey", error="invalid_token", error_description="${answer.body.title}"`,
      });
    });

    const forge = async () => forger((await signUp(app)).token, key);

    it('answers 403 where the permission is missing, and names it', async () => {
      const { status, headers, body } = await get('/orders', (await signUp(app)).token);

      expect([status, body.code]).toEqual([403, 'insufficient_scope']);
      expect(headers['www-authenticate']).toContain('error="insufficient_scope"');
      expect(headers['www-authenticate']).toContain('scope="orders:read"');
    });

    it('answers 400 to two headers: a gateway may have looked at either', async () => {
      const credentials = ['Authorization', `Bearer ${(await signUp(app)).token}`];
      const headers = ['Host', 'x', ...credentials, ...credentials];

      const { status, body } = await answerOf(request(`${url}/whoami`, { headers }));

      expect([status, body.code]).toEqual([400, 'invalid_request']);
    });

    it('learns of a logout', async () => {
      const { token } = await signUp(app);
      expect((await get('/whoami', token)).status).toBe(200);

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      expect(await untilRefused('/whoami', token)).toMatchObject({
        status: 401,
        body: { code: 'token_revoked' },
      });
    });

    it('answers 503 with Retry-After while it cannot know, and goes on afterwards', async () => {
      const { token } = await signUp(app);
      await proxy.refuse();

      const { status, headers, body } = await untilRefused('/whoami', token);
      await proxy.restore();
      const again = await eventually(
        () => get('/whoami', token),
        ({ status }) => status === 200,
      );

      expect([status, body.code, headers['retry-after']]).toEqual([503, 'revocations_stale', '1']);
      expect(headers).not.toHaveProperty('www-authenticate');
      expect(again.status).toBe(200);
    });

    if (program === 'flask_service') {
      it('answers the commands of its page as that says', async () => {
        const [, , walk = ''] = [...README.matchAll(/```sh\n([^`]+)```/g)].map(([, block = '']) => block);
        const script = walk
          .replaceAll('http://localhost:4002', url)
          .replaceAll('http://localhost:3000', app.url);

        const { token: ACCESS_TOKEN } = await signUp(app);
        const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
          env: { PATH: process.env.PATH, ACCESS_TOKEN },
        });

        const answered = [...stdout.matchAll(/HTTP\/1\.1 (\d+)|"code": ?"(\w+)"/g)];
        expect(answered.map(([, status, code]) => status ?? code)).toEqual([
          '200',
          '403',
          'insufficient_scope',
          '401',
          'token_revoked',
        ]);
      });
      return;
    }

    it('says in its OpenAPI document which routes take a token', async () => {
      const { body } = await get('/openapi.json');

      expect(body.components.securitySchemes.HTTPBearer).toEqual({ type: 'http', scheme: 'bearer' });
      expect(body.paths['/orders'].get.security).toEqual([{ HTTPBearer: [] }]);
    });
  });
});

function tampered(token: string): string {
  const [header, payload, signature] = partsOf(token);
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const other = Buffer.from(JSON.stringify({ ...claims, scope: 'orders:read' })).toString('base64url');
  return `${header}.${other}.${signature}`;
}
