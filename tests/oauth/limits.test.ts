import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { askForToken, makeClient, postForm, recorded, type TestClient, tokenOf } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('The limit oauth-ip', () => {
    const app = useApp(kind, { TRUST_PROXY: '1', RATE_LIMIT_OAUTH_IP: '3/60' });
    let lastAddress = 0;

    /** An address that no other test has, so that each test has a limit of its own. */
    const anAddress = () => `198.51.100.${++lastAddress}`;

    function expectSlowDown({ headers, body }: { headers: Record<string, string>; body: object }) {
      expect(body).toEqual({ error: 'slow_down', error_description: expect.stringContaining('oauth-ip') });
      expect(headers['retry-after']).toMatch(/^\d+$/);
      expect(headers['ratelimit-policy']).toBe('"oauth-ip";q=3;w=60');
      expect(headers.ratelimit).toMatch(/^"oauth-ip";r=0;t=\d+$/);
    }

    const introspect = (client: TestClient, token: string, address: string) =>
      postForm(app, '/oauth/introspect', { token }, client).set('X-Forwarded-For', address);

    it('counts every request for a token by its address, and says what is left', async () => {
      const client = await makeClient(app);
      const address = anAddress();
      const ask = () => askForToken(app, client).set('X-Forwarded-For', address);

      const first = await ask().expect(200);
      await ask().expect(200);
      await ask().expect(200);
      expectSlowDown(await ask().expect(429));

      expect(first.headers.ratelimit).toMatch(/^"oauth-ip";r=2;t=\d+$/);
      await askForToken(app, client).set('X-Forwarded-For', anAddress()).expect(200);
    });

    it('counts nothing of who asks about tokens and proves who they are', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client);
      const address = anAddress();

      for (let count = 0; count < 6; count++) {
        const response = await introspect(client, token, address).expect(200);
        expect(response.headers).not.toHaveProperty('ratelimit');
      }
    });

    it('counts failed authentications at each endpoint, and what is over it is not written down', async () => {
      const client = await makeClient(app);
      const impostor = { ...client, secret: 'wrong' };
      const address = anAddress();

      await introspect(impostor, 'any', address).expect(401);
      await postForm(app, '/oauth/revoke', { token: 'any' }, impostor)
        .set('X-Forwarded-For', address)
        .expect(401);
      await askForToken(app, impostor).set('X-Forwarded-For', address).expect(401);
      expectSlowDown(await introspect(impostor, 'any', address).expect(429));
      expectSlowDown(await askForToken(app, impostor).set('X-Forwarded-For', address).expect(429));

      await app.clientRefusals.flush();
      expect(await recorded(app, 'client.refused', client.id)).toMatchObject([{ details: { count: 3 } }]);
    });

    it.each(['/oauth/introspect', '/oauth/revoke'])(
      'counts an authentication in the form that failed once at %s',
      async (path) => {
        const { id } = await makeClient(app);
        const form = { token: 'any', client_id: id, client_secret: 'wrong' };
        const ask = (address: string) => postForm(app, path, form).set('X-Forwarded-For', address);
        const address = anAddress();

        for (let count = 0; count < 3; count++) await ask(address).expect(401);

        expectSlowDown(await ask(address).expect(429));
      },
    );

    it.each(['Basic !', `Basic ${btoa('no colon')}`, `Basic ${btoa('id:%ff')}`, 'garbage'])(
      'counts an authentication that cannot be read like one that failed: %s',
      async (authorization) => {
        const address = anAddress();
        const ask = (path: string) =>
          postForm(app, path, { token: 'any' }).set({
            'X-Forwarded-For': address,
            Authorization: authorization,
          });

        await ask('/oauth/introspect').expect(401);
        await ask('/oauth/revoke').expect(401);
        await ask('/oauth/token').send({ grant_type: 'client_credentials' }).expect(401);
        expectSlowDown(await ask('/oauth/introspect').expect(429));
        expectSlowDown(await ask('/oauth/revoke').expect(429));

        await app.clientRefusals.flush();
        const [latest] = await recorded(app, 'client.refused', null);
        expect(latest).toMatchObject({ ip: address, details: { count: 3 } });
      },
    );
  });

  describe('The limits of sessions and tokens', () => {
    const app = useApp(kind, {
      RATE_LIMIT_REFRESH_SESSION: '2/60',
      RATE_LIMIT_TOKEN: '2/60',
      RATE_LIMIT_API_KEY: '3/60',
    });

    it('hold for refresh tokens at /oauth/token and at /oauth/revoke', async () => {
      let { refreshToken } = await signUp(app);
      for (let count = 0; count < 2; count++) {
        const { body } = await postForm(app, '/oauth/token', {
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
        }).expect(200);
        refreshToken = body.refresh_token;
      }

      const refreshed = await postForm(app, '/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      }).expect(429);
      const revoked = await postForm(app, '/oauth/revoke', { token: refreshToken }).expect(429);

      expect(refreshed.body.error_description).toContain('refresh-session');
      expect(revoked.body.error).toBe('slow_down');
    });

    it('hold for access tokens at /oauth/introspect and at /oauth/revoke', async () => {
      const client = await makeClient(app);
      const asker = await tokenOf(app, client);
      const ask = () => postForm(app, '/oauth/introspect', { token: 'any' }).auth(asker, { type: 'bearer' });
      await ask().expect(200);
      await ask().expect(200);
      expect((await ask().expect(429)).body.error).toBe('slow_down');

      const { token } = await signUp(app);
      await postForm(app, '/oauth/revoke', { token }).expect(200);
      await postForm(app, '/oauth/revoke', { token }).expect(200);
      expect((await postForm(app, '/oauth/revoke', { token }).expect(429)).body.error).toBe('slow_down');
    });

    it('hold for the token of a client that revokes it, and not for its other tokens', async () => {
      const client = await makeClient(app);
      const [token, other] = [await tokenOf(app, client), await tokenOf(app, client)];
      const revoke = (which: string) => postForm(app, '/oauth/revoke', { token: which }, client);
      const first = await revoke(token).expect(200);
      await revoke(token).expect(200);

      expect(first.headers['ratelimit-policy']).toBe('"token";q=2;w=60');
      expect((await revoke(token).expect(429)).body.error).toBe('slow_down');
      await revoke(other).expect(200);
    });

    it('hold for API keys at /oauth/introspect', async () => {
      const { key } = await makeKey(app, (await anAdmin(app)).token);
      const ask = () => postForm(app, '/oauth/introspect', { token: 'any' }).auth(key, { type: 'bearer' });

      for (let count = 0; count < 3; count++) {
        const { headers } = await ask().expect(200);
        expect(headers['ratelimit-policy']).toBe('"api-key";q=3;w=60');
      }
      expect((await ask().expect(429)).body.error).toBe('slow_down');
    });
  });
});
