import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bearer, expectRefused, TOKEN_LIMIT, useGateway } from '../support/gateway.ts';
import { onNginx } from '../support/interop.ts';
import { freePort } from '../support/mysql-server.ts';
import { signUp } from '../support/people.ts';

onNginx((nginx) => {
  const { app, asked, url, start, get } = useGateway(nginx);

  /** So often the service has been asked by what was let through. */
  let letThrough = 0;
  afterEach(() => {
    expect(asked).toHaveLength(letThrough);
    letThrough = 0;
  });

  describe('A request without a good token never reaches the service and', () => {
    it.each<[what: string, headers: Record<string, string>, code: string]>([
      ['none', {}, 'token_missing'],
      ['another scheme', { Authorization: 'Basic YTpi' }, 'token_missing'],
      ['none and headers of its own', { 'X-Auth-Subject': 'evil' }, 'token_missing'],
      ['one in the query', {}, 'token_missing'],
      ['garbage', bearer('garbage'), 'token_invalid'],
    ])('hears 401 with the reason where it has %s', async (_what, headers, code) => {
      const path = '/?access_token=garbage';
      const response = await get(path, headers);

      const own = await fetch(`${app.url}/verify`, { headers });
      expect(response.headers.get('www-authenticate')).toBe(own.headers.get('www-authenticate'));
      await expectRefused(response, 401, code);
    });

    it('hears 401 with the reason with its body unread', async () => {
      const response = await fetch(url(), { method: 'POST', body: 'x'.repeat(200_000) });

      await expectRefused(response, 401, 'token_missing');
    });

    it('hears 401 with the reason at once after a logout', async () => {
      const { token } = await signUp(app);
      letThrough = 3;
      for (let count = 0; count < letThrough; count++) {
        expect((await get('/', bearer(token))).status).toBe(200);
      }

      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      await expectRefused(await get('/', bearer(token)), 401, 'token_revoked');
    });

    it('hears 401 with the reason once it has expired', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(906);
      await app.follower.catchUp();

      const response = await get('/', bearer(token));

      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
      await expectRefused(response, 401, 'token_expired');
    });
  });

  describe('An answer of Latchkey that is no verdict', () => {
    it('is passed on without the service being asked: 400 to a header that is malformed', async () => {
      const response = await get('/', { Authorization: 'Bearer one two' });

      expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"');
      await expectRefused(response, 400, 'invalid_request');
    });

    it('is passed on without the service being asked: 429 to a token that has asked too often, with when to come back', async () => {
      const { token } = await signUp(app);
      letThrough = TOKEN_LIMIT;
      for (let count = 0; count < letThrough; count++) await get('/', bearer(token));

      const response = await get('/', bearer(token));

      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      await expectRefused(response, 429, 'rate_limited');
    });

    it('is passed on without the service being asked: 503 while Latchkey does not know what has been revoked', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(11);

      const response = await get('/', bearer(token));

      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('www-authenticate')).toBeNull();
      await expectRefused(response, 503);
    });
  });

  describe('While Latchkey is away', () => {
    it('every request hears 503 without the service being asked where no process listens', async () => {
      const { token } = await signUp(app);
      const alone = await start(await freePort());

      const response = await fetch(alone.url, { headers: bearer(token) });

      expect(response.headers.get('retry-after')).toBe('1');
      await expectRefused(response, 503);
    });

    it.each<[what: string, answer: string | undefined]>([
      ['nothing in time', undefined],
      ['no HTTP', 'garbage\r\n\r\n'],
      ['with a fault of its own', 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n'],
      ['with a redirect', 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'],
    ])(
      'every request hears 503 without the service being asked where another server answers %s',
      async (_what, answer) => {
        const stranger = createServer((socket) => {
          socket.on('error', () => {}).on('data', () => answer && socket.write(answer));
        });
        stranger.unref().listen(0, '127.0.0.1');
        await once(stranger, 'listening');
        const alone = await start((stranger.address() as AddressInfo).port, '100ms');

        const response = await fetch(alone.url, { headers: bearer('any') });

        await expectRefused(response, 503);
      },
    );
  });
});
