import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { MAX_SCOPE_BYTES } from '../../src/core/tokens/scope.ts';
import { makeClient, SCOPE, tokenOf } from '../support/clients.ts';
import { useDirectories } from '../support/directories.ts';
import { bearer, useGateway } from '../support/gateway.ts';
import { onNginx } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { NGINX_CONF, nginxConf } from '../support/nginx.ts';
import { aPerson, signUp } from '../support/people.ts';
import { signUpWhoMay } from '../support/roles.ts';

const README = readFileSync(new URL('../../examples/nginx/README.md', import.meta.url), 'utf8');

onNginx((nginx) => {
  const { app, asked, url, get, sendRaw, identity } = useGateway(nginx);
  const newDirectory = useDirectories();

  describe('examples/nginx/nginx.conf', () => {
    it('is accepted by nginx as it stands', async () => {
      const args = ['-t', '-e', 'stderr', '-p', newDirectory(), '-c', NGINX_CONF];

      const { stderr } = await promisify(execFile)(nginx, args);

      expect(stderr).toContain('test is successful');
      expect(stderr).not.toMatch(/\[(?:warn|error|alert|emerg)\]/);
    });

    it('has a README whose commands work when pasted from top to bottom', async () => {
      const person = aPerson();
      await app
        .post('/signup')
        .send({ ...person, username: 'ada' })
        .expect(201);
      const directory = newDirectory();
      const file = join(directory, 'nginx.conf');
      const [servicePort, port] = [await freePort(), await freePort()];
      const ports = { '3000': app.port, '4000': servicePort, '8080': port };
      const move = (host: string) =>
        Object.entries(ports).map(([said, other]) => [`${host}:${said}`, `${host}:${other}`]);
      writeFileSync(file, nginxConf(Object.fromEntries(move('127.0.0.1'))));
      const commands = /```sh\n([^`]+)```/.exec(README)?.[1] ?? '';
      const script = [...move('localhost'), ['listen(4000', `listen(${servicePort}`]]
        .reduce((command, [said = '', other = '']) => command.replaceAll(said, other), commands)
        .replaceAll('"$PWD/examples/nginx/nginx.conf"', file)
        .replaceAll('/tmp/gateway', directory)
        .replaceAll('nginx -e', `${nginx} -e`)
        .replaceAll('correct horse battery staple', person.password);
      // Nothing stays behind, wherever the script ends.
      const tidy = `trap 'kill $(jobs -p) $(cat ${directory}/nginx.pid) 2>/dev/null || true' EXIT`;

      const { stdout } = await promisify(execFile)('bash', ['-euc', `${tidy}\n${script}`]);

      const [allowed = '', rest] = stdout.split('\n', 2);
      const [changed = '', refused = ''] = stdout.trim().split('\n').slice(-2);
      expect(JSON.parse(allowed)).toMatchObject({ 'x-auth-roles': 'user' });
      expect(rest).toContain('HTTP/1.1 401 Unauthorized');
      expect(stdout).toMatch(/WWW-Authenticate: Bearer realm="latchkey"\r\n/i);
      expect(stdout).toMatch(/"code":"token_missing".*"code":"token_revoked"/s);
      expect(JSON.parse(changed)).toMatchObject({ 'content-length': '8', 'x-auth-roles': 'user' });
      expect(JSON.parse(refused)).toMatchObject({ status: 403, code: 'origin_not_allowed' });
      expect(stdout).not.toContain('latchkey=');
    });
  });

  describe('A page of another origin', () => {
    const PAGE = 'https://app.example.com';
    const preflight = (origin: string) =>
      fetch(`${url()}/orders`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'PATCH',
          'Access-Control-Request-Headers': 'authorization,content-type',
        },
      });

    it.each([PAGE, 'http://localhost:5173', 'http://127.0.0.1'])(
      'at %s is granted a preflight without a token, of which the service never hears',
      async (origin) => {
        const response = await preflight(origin);

        expect(response.status).toBe(204);
        expect(Object.fromEntries(response.headers)).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-allow-headers': 'authorization,content-type',
          'access-control-allow-methods': expect.stringContaining('PATCH'),
          vary: 'Origin',
        });
        expect(asked).toEqual([]);
      },
    );

    it('reads answers and refusals', async () => {
      const { token } = await signUp(app);

      const answered = await get('/orders', { ...bearer(token), Origin: PAGE });
      const failed = await get('/status/500', { ...bearer(token), Origin: PAGE });
      const refused = await get('/orders', { Origin: PAGE });

      expect([answered.status, failed.status, refused.status]).toEqual([200, 500, 401]);
      for (const { headers } of [answered, failed, refused]) {
        expect(headers.get('access-control-allow-origin')).toBe(PAGE);
        expect(headers.get('vary')).toBe('Origin');
        expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
      }
    });

    it.each(['https://evil.example', 'null', `${PAGE}.evil.example`, 'http://localhost.evil.example'])(
      'at %s is granted nothing',
      async (origin) => {
        const granted = await preflight(origin);
        const refused = await get('/orders', { Origin: origin });

        for (const { headers } of [granted, refused]) {
          expect([...headers.keys()].filter((name) => /^access-control-(allow|expose)/.test(name))).toEqual(
            [],
          );
        }
        expect(asked).toEqual([]);
      },
    );

    it.each<Record<string, string>>([{}, { Origin: PAGE }, { 'Access-Control-Request-Method': 'GET' }])(
      'needs a token for an OPTIONS that is no preflight: %j',
      async (headers) => {
        const response = await fetch(`${url()}/orders`, { method: 'OPTIONS', headers });

        expect(response.status).toBe(401);
        expect(asked).toEqual([]);
      },
    );
  });

  describe('A request with a good token', () => {
    it('reaches the service, which is told who asks', async () => {
      const { id, sessionId, token } = await signUp(app);

      const response = await get('/orders?page=2', bearer(token));

      expect([response.status, await response.text()]).toEqual([200, 'the service']);
      expect(asked).toMatchObject([{ method: 'GET', url: '/orders?page=2' }]);
      // Ada may do nothing in particular: nginx leaves out a header that is empty.
      expect(identity()).toEqual({
        'X-Auth-Subject': id,
        'X-Auth-Session': sessionId,
        'X-Auth-Roles': 'user',
      });
    });

    it('of a machine client has no session and no roles, even if it says so itself', async () => {
      const client = await makeClient(app);
      const claimed = { 'X-Auth-Session': 'evil', 'X-Auth-Roles': 'admin' };

      await get('/', { ...bearer(await tokenOf(app, client)), ...claimed });

      expect(identity()).toEqual({ 'X-Auth-Subject': client.id, 'X-Auth-Scope': SCOPE });
    });

    it('may be of a user who may do as much as a token carries', async () => {
      const permissions = Array.from({ length: 32 }, (_, index) => `orders:${index}`.padEnd(127, 'x')).sort();
      expect(permissions.join(' ')).toHaveLength(MAX_SCOPE_BYTES - 1);
      const { token } = await signUpWhoMay(app, permissions);

      expect((await get('/', bearer(token))).status).toBe(200);
      expect(identity()['X-Auth-Scope']).toBe(permissions.join(' '));
    });

    it('brings its body to the service, and Latchkey is asked about nothing but the token', async () => {
      const { token } = await signUp(app);
      const questions: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
      app.server.on('request', ({ method, url, headers }) => questions.push({ method, url, headers }));
      // More than nginx keeps in memory.
      const body = 'x'.repeat(200_000);

      await fetch(`${url()}/orders?access_token=x`, {
        method: 'POST',
        headers: { ...bearer(token), Cookie: 'a=b', Origin: 'https://evil.example' },
        body,
      });

      expect(asked).toMatchObject([{ method: 'POST', url: '/orders?access_token=x', body }]);
      expect(questions).toEqual([
        {
          method: 'HEAD',
          url: '/verify',
          headers: {
            host: 'latchkey',
            authorization: `Bearer ${token}`,
            'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
          },
        },
      ]);
      expect(asked[0]?.headers).toContainEqual(['X-Request-Id', questions[0]?.headers['x-request-id']]);
    });

    it('is asked about over a connection that stays open, and over a new one when Latchkey closed it', async () => {
      const { token } = await signUp(app);
      const ports = new Set<number | undefined>();
      app.server.on('request', (req) => ports.add(req.socket.remotePort));
      for (let count = 0; count < 5; count++) await get('/', bearer(token));
      expect(ports.size).toBe(1);

      app.server.closeAllConnections();

      expect((await get('/', bearer(token))).status).toBe(200);
      expect(ports.size).toBe(2);
    });

    it.each([401, 403, 404, 429, 500, 503])(
      'hears the service itself when that answers %d',
      async (status) => {
        const { token } = await signUp(app);

        const response = await get(`/status/${status}`, bearer(token));

        expect([response.status, await response.text()]).toEqual([status, 'the service']);
      },
    );
  });

  describe('A forged identity', () => {
    it.each<[how: string, lines: string[]]>([
      ['by the very headers', ['X-Auth-Subject: evil', 'X-Auth-Session: evil', 'X-Auth-Roles: admin']],
      ['in small letters', ['x-auth-subject: evil', 'x-auth-roles: admin', 'x-auth-scope: everything']],
      ['in capitals', ['X-AUTH-SUBJECT: evil', 'X-AUTH-SCOPE: everything']],
      ['by a header that is there twice', ['X-Auth-Subject: evil', 'X-Auth-Subject: admin']],
      ['with underscores', ['X_Auth_Subject: evil', 'X_AUTH_ROLES: admin', 'X-Auth_Scope: everything']],
      ['with dots', ['X.Auth.Subject: evil', 'X-Auth.Roles: admin']],
      ['with a blank behind the name', ['X-Auth-Subject : evil']],
      ['with a blank before the name', [' X-Auth-Subject: evil']],
      ['by a value that goes on in the next line', ['X-Other: a', ' X-Auth-Subject: evil']],
      ['by having the true ones removed on the way', ['Connection: X-Auth-Subject, X-Auth-Roles']],
      ['behind a line that ends early', ['X-Other: a\nX-Auth-Subject: evil']],
    ])('never reaches the service %s', async (_how, lines) => {
      const { id, sessionId, token } = await signUp(app);

      const answer = await sendRaw('GET / HTTP/1.1', 'Host: x', ...lines, `Authorization: Bearer ${token}`);

      // nginx refuses some of them as no HTTP.
      if (answer.startsWith('HTTP/1.1 400 ')) expect(asked).toEqual([]);
      else
        expect(identity()).toEqual({
          'X-Auth-Subject': id,
          'X-Auth-Session': sessionId,
          'X-Auth-Roles': 'user',
        });
      expect(JSON.stringify(asked)).not.toMatch(/x-other: a.*evil|admin|everything/i);
    });

    it('by two Authorization headers, of which Latchkey might see the other', async () => {
      const { token } = await signUp(app);
      const two = [`Authorization: Bearer ${token}`, 'Authorization: Bearer x'];

      expect(await sendRaw('GET / HTTP/1.1', 'Host: x', ...two)).toMatch(/^HTTP\/1\.1 400 /);
      expect(asked).toEqual([]);
    });

    it('or ask Latchkey by the path that is for nginx alone', async () => {
      const { token } = await signUp(app);

      for (const path of ['/_verify', '/%5fverify', '/x/../_verify', '//_verify']) {
        const answer = await sendRaw(`GET ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`);
        expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      }
      expect(asked).toEqual([]);
    });
  });
});
