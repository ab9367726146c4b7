import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { useBrowser } from '../support/browser.ts';
import { PAGE, signUpByCookie } from '../support/cookies.ts';
import { examplePath } from '../support/example-file.ts';
import { bearer, expectRefused, useGateway } from '../support/gateway.ts';
import { onChromium, onNginx } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { type Nginx, nginxConf, runNginx } from '../support/nginx.ts';
import { aPerson, signUp } from '../support/people.ts';

onNginx((nginx) => {
  const { app, asked, url, get, sendRaw, identity } = useGateway(nginx);

  /** The lines of the Cookie header that the service got. */
  const cookiesPassedOn = () =>
    asked.at(-1)?.headers.flatMap(([name, value]) => (/^cookie$/i.test(name) ? [value] : []));
  const post = (headers: Record<string, string>, body = 'text') =>
    fetch(`${url()}/orders`, { method: 'POST', headers, body });

  describe('A request with a good cookie', () => {
    it('reaches the service, which is told who asks', async () => {
      const { id, cookie } = await signUpByCookie(app);

      const response = await get('/orders?page=2', { Cookie: cookie, 'X-Auth-Roles': 'admin' });

      expect([response.status, await response.text()]).toEqual([200, 'the service']);
      expect(asked).toMatchObject([{ method: 'GET', url: '/orders?page=2' }]);
      expect(identity()).toMatchObject({ 'X-Auth-Subject': id, 'X-Auth-Roles': 'user' });
    });

    it('may be a change of an allowed page, whose body Latchkey does not get', async () => {
      const { cookie } = await signUpByCookie(app);
      const questions: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
      app.server.on('request', ({ method, url, headers }) => questions.push({ method, url, headers }));
      const body = 'x'.repeat(200_000);

      const response = await post({ Cookie: cookie, Origin: PAGE, 'Sec-Fetch-Site': 'same-site' }, body);

      expect(response.status).toBe(200);
      expect(asked).toMatchObject([{ method: 'POST', body }]);
      expect(questions).toEqual([
        {
          method: 'POST',
          url: '/verify',
          headers: {
            host: 'latchkey',
            cookie,
            origin: PAGE,
            'sec-fetch-site': 'same-site',
            'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
          },
        },
      ]);
    });

    it('is asked about over a connection that stays open where it changes nothing', async () => {
      const { cookie } = await signUpByCookie(app);
      const ports = new Set<number | undefined>();
      app.server.on('request', (req) => ports.add(req.socket.remotePort));
      for (let count = 0; count < 5; count++) await get('/', { Cookie: cookie });
      expect(ports.size).toBe(1);

      app.server.closeAllConnections();

      expect((await post({ Cookie: cookie, Origin: PAGE })).status).toBe(200);
    });

    it('may have a header Authorization that is for the service', async () => {
      const { id, cookie } = await signUpByCookie(app);

      expect((await get('/', { Cookie: cookie, Authorization: 'Basic YTpi' })).status).toBe(200);
      expect(identity()['X-Auth-Subject']).toBe(id);
    });
  });

  describe('A request by cookie that is refused never reaches the service and', () => {
    it.each<[what: string, headers: Record<string, string>]>([
      ['of another origin', { Origin: 'https://evil.example' }],
      ['of a page without an origin', { Origin: 'null' }],
      ['of another site without an Origin', { 'Sec-Fetch-Site': 'cross-site' }],
      ['of no page', {}],
    ])('hears 403 with the code as a change %s', async (_what, headers) => {
      const { cookie } = await signUpByCookie(app);

      const response = await post({ Cookie: cookie, ...headers });

      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      await expectRefused(response, 403, 'origin_not_allowed');
      expect(asked).toEqual([]);
    });

    it('hears 403 in a way that its page can read where only the gateway lists that', async () => {
      const { cookie } = await signUpByCookie(app);
      // No port is as high as that, which nginx does not look at.
      const Origin = 'http://localhost:123456';

      const response = await post({ Cookie: cookie, Origin });

      expect(response.headers.get('access-control-allow-origin')).toBe(Origin);
      expect(response.headers.get('access-control-allow-credentials')).toBe('true');
      expect(response.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
      await expectRefused(response, 403, 'origin_not_allowed');
      expect(asked).toEqual([]);
    });

    it('hears 401 at once after a logout', async () => {
      const { cookie, csrfToken } = await signUpByCookie(app);
      expect((await get('/', { Cookie: cookie })).status).toBe(200);
      await app.post('/logout').set({ Cookie: cookie, Origin: PAGE, 'X-CSRF-Token': csrfToken }).expect(204);

      await expectRefused(await get('/', { Cookie: cookie }), 401, 'session_ended');
      await expectRefused(await get('/', { Cookie: 'latchkey=garbage' }), 401, 'session_ended');
      await expectRefused(await get('/', { Cookie: 'theme=dark' }), 401, 'token_missing');
      expect(asked).toHaveLength(1);
    });

    it('hears 400 where its token is of somebody else', async () => {
      const { cookie } = await signUpByCookie(app);
      const { token } = await signUp(app);

      const response = await get('/', { Cookie: cookie, ...bearer(token) });

      await expectRefused(response, 400, 'credentials_conflict');
      expect(asked).toEqual([]);
    });
  });

  describe('A page of another origin', () => {
    it('may send the cookie and read answers and refusals', async () => {
      const { cookie } = await signUpByCookie(app);
      const preflight = await fetch(`${url()}/orders`, {
        method: 'OPTIONS',
        headers: { Origin: PAGE, 'Access-Control-Request-Method': 'PATCH' },
      });

      const answered = await post({ Cookie: cookie, Origin: PAGE });
      const refused = await post({ Origin: PAGE });

      expect([preflight.status, answered.status, refused.status]).toEqual([204, 200, 401]);
      for (const { headers } of [preflight, answered, refused]) {
        expect(headers.get('access-control-allow-origin')).toBe(PAGE);
        expect(headers.get('access-control-allow-credentials')).toBe('true');
      }
    });

    it('may not read the answer where it is not in the list, whatever the service says', async () => {
      const { cookie } = await signUpByCookie(app);

      const { status, headers } = await get('/', { Cookie: cookie, Origin: 'https://evil.example' });

      expect(status).toBe(200);
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-allow'))).toEqual([]);
    });
  });

  onChromium((chromium) => {
    const browser = useBrowser(chromium);
    const page = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('a page'));
    afterAll(() => {
      page.closeAllConnections();
      page.close();
    });

    it('A page at another port of localhost reads and changes with the cookie that it signed in for', async () => {
      page.listen(0, '127.0.0.1');
      await once(page, 'listening');
      const tab = await browser.newPage();
      await tab.goto(`http://localhost:${(page.address() as AddressInfo).port}`);
      const ask = (port: number, path: string, method = 'GET', body?: object) =>
        tab.evaluate(
          async ([url, init]) => {
            const response = await fetch(url, { ...init, credentials: 'include' });
            return [response.status, await response.text()];
          },
          [
            `http://localhost:${port}${path}`,
            {
              method,
              ...(body && {
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify(body),
              }),
            },
          ] as const,
        );
      const gatewayPort = Number(new URL(url()).port);

      const stranger = await ask(gatewayPort, '/orders');
      const signedUp = await ask(app.port, '/signup', 'POST', { ...aPerson(), transport: 'cookie' });
      const read = await ask(gatewayPort, '/orders');
      const changed = await ask(gatewayPort, '/orders', 'PATCH', { a: 1 });

      expect(stranger).toEqual([401, expect.stringContaining('token_missing')]);
      expect(signedUp).toEqual([201, expect.stringContaining('csrf_token')]);
      expect([read, changed]).toEqual([
        [200, 'the service'],
        [200, 'the service'],
      ]);
      expect(asked).toMatchObject([{ method: 'GET' }, { method: 'PATCH', body: '{"a":1}' }]);
      expect(cookiesPassedOn()).toEqual([]);
      await tab.close();
    });
  });

  describe('The service', () => {
    /** Each stands in the place of OURS, the cookie of a session. */
    it.each<[sent: string, passedOn: string | undefined]>([
      ['OURS', undefined],
      ['OURS; latchkey-device=d', undefined],
      ['theme=dark; OURS', 'theme=dark'],
      ['OURS; theme=dark', 'theme=dark'],
      ['a=1; OURS; b=2', 'a=1; b=2'],
      ['a=1; latchkey-device=d; b=2; OURS; c=3', 'a=1; b=2; c=3'],
      ['OURS; a=1; latchkey=x; b=2; latchkey-device=d', 'a=1; b=2'],
      ['OURS; __Host-latchkey=x; __Host-latchkey-device=x; a=1', 'a=1'],
      ['a=1; __Secure-latchkey=x; __Secure-latchkey-device=x; OURS', 'a=1'],
      ['a=1; OURS; latchkey=x; latchkey=y; latchkey=z; latchkey=w; latchkey=v; latchkey=u; b=2', 'a=1; b=2'],
      ['OURS;theme=dark', 'theme=dark'],
      ['theme=dark;OURS', 'theme=dark'],
      ['theme=dark;  OURS ;latchkey-device =d;', 'theme=dark'],
      [
        'OURS; my-latchkey=1; latchkey2=2; latchkey-devices=3; x=latchkey=4',
        'my-latchkey=1; latchkey2=2; latchkey-devices=3; x=latchkey=4',
      ],
      ['OURS; sid="a b"; empty=; flag', 'sid="a b"; empty=; flag'],
    ])('gets no cookie of Latchkey out of %s', async (sent, passedOn) => {
      const { cookie } = await signUpByCookie(app);

      expect((await get('/', { Cookie: sent.replace('OURS', cookie) })).status).toBe(200);

      expect(cookiesPassedOn()).toEqual(passedOn === undefined ? [] : [passedOn]);
    });

    it('gets no cookie of Latchkey out of several headers', async () => {
      const { cookie } = await signUpByCookie(app);

      const answer = await sendRaw(
        'GET / HTTP/1.1',
        'Host: x',
        'Cookie: a=1',
        `cookie: ${cookie}`,
        'COOKIE: b=2',
      );

      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(cookiesPassedOn()).toEqual(['a=1; b=2']);
    });

    it('gets no cookie at all out of a header that is made to hide one', async () => {
      const { cookie } = await signUpByCookie(app);
      const many = Array.from({ length: 40 }, (_, at) => `a${at}=1; latchkey=${at}`).join('; ');

      expect((await get('/', { Cookie: `${cookie}; ${many}` })).status).toBe(200);

      expect(cookiesPassedOn()).toEqual([]);
    });

    it('gets its own cookies with a token as well', async () => {
      const { token } = await signUp(app);

      expect((await get('/', { ...bearer(token), Cookie: 'a=1; b=2' })).status).toBe(200);

      expect(cookiesPassedOn()).toEqual(['a=1; b=2']);
    });
  });

  describe('With the line for a page to sign in at', () => {
    let own: Pick<Nginx, 'stop'> | undefined;
    afterAll(() => own?.stop());

    it('that its README shows a navigation is sent there, and all else hears 401', async () => {
      const readme = readFileSync(examplePath('nginx/README.md'), 'utf8');
      const line = /```nginx\n.*\n +(.+)\n/.exec(readme)?.[1] ?? '';
      const port = await freePort();
      const conf = nginxConf({
        '127.0.0.1:8080': `127.0.0.1:${port}`,
        '127.0.0.1:3000': `127.0.0.1:${app.port}`,
        [`# ${line}`]: line,
      });
      own = await runNginx(nginx, conf);
      const ask = (headers: Record<string, string>) =>
        fetch(`http://127.0.0.1:${port}/orders`, { headers, redirect: 'manual' });
      const Accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

      const navigated = await ask({ Accept });
      const malformed = await ask({ Accept, Authorization: 'Bearer one two' });
      const fetched = await ask({});

      expect([navigated.status, navigated.headers.get('location')]).toEqual([
        302,
        'https://app.example.com/sign-in',
      ]);
      expect(navigated.headers.get('cache-control')).toBe('no-store');
      await expectRefused(malformed, 400, 'invalid_request');
      await expectRefused(fetched, 401, 'token_missing');
    });

    it('is a comment as it stands', async () => {
      await expectRefused(await get('/', { Accept: 'text/html' }), 401, 'token_missing');
      expect(asked).toEqual([]);
    });
  });
});
