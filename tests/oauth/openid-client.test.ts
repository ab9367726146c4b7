import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as client from 'openid-client';
import { startApp, type TestApp } from '../support/app.ts';
import { makeClient, SCOPE, type TestClient } from '../support/clients.ts';
import { type DatabaseKind, onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

/** A service that is reached where its PUBLIC_URL says, whose port is known before it starts. */
function useListeningApp(kind: DatabaseKind) {
  const parts = {} as { app: TestApp; url: string };
  let front: Server;
  beforeAll(async () => {
    front = createServer((req, res) => parts.app.server.emit('request', req, res));
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    parts.url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
    parts.app = await startApp(kind, { PUBLIC_URL: parts.url });
  });
  afterAll(async () => {
    front.closeAllConnections();
    front.close();
    await parts.app.stop();
  });
  return parts;
}

onEachDatabase((kind) => {
  describe('The npm package openid-client', () => {
    const parts = useListeningApp(kind);

    function discover(id: string, authentication: client.ClientAuth) {
      return client.discovery(new URL(parts.url), id, undefined, authentication, {
        algorithm: 'oauth2',
        execute: [client.allowInsecureRequests],
      });
    }

    const METHODS: readonly [name: string, method: (secret: string) => client.ClientAuth][] = [
      ['client_secret_basic', (secret) => client.ClientSecretBasic(secret)],
      ['client_secret_post', (secret) => client.ClientSecretPost(secret)],
    ];

    async function configure(method: (secret: string) => client.ClientAuth, made?: TestClient) {
      const { id, secret } = made ?? (await makeClient(parts.app));
      return discover(id, method(secret));
    }

    it('discovers the server, and its issuer is where it was found', async () => {
      const config = await discover('anybody', client.None());

      expect(config.serverMetadata()).toMatchObject({
        issuer: parts.url,
        token_endpoint: `${parts.url}/oauth/token`,
      });
    });

    it.each(METHODS)('gets a token by %s, asks about it and revokes it', async (_name, method) => {
      const config = await configure(method);

      const tokens = await client.clientCredentialsGrant(config, { scope: 'clients:read' });
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'clients:read' });
      await parts.app.get('/verify').auth(tokens.access_token, { type: 'bearer' }).expect(200);

      const found = await client.tokenIntrospection(config, tokens.access_token);
      expect(found).toMatchObject({
        active: true,
        client_id: config.clientMetadata().client_id,
        scope: 'clients:read',
      });
      await client.tokenRevocation(config, tokens.access_token);

      expect(await client.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
      await parts.app.get('/verify').auth(tokens.access_token, { type: 'bearer' }).expect(401);
    });

    it('gets everything that the client may do without a scope', async () => {
      const config = await configure(client.ClientSecretBasic);

      expect((await client.clientCredentialsGrant(config)).scope).toBe(SCOPE);
    });

    it('refreshes as a public client and as one with a secret, and revokes what it got', async () => {
      const { refreshToken } = await signUp(parts.app);
      const open = await discover('any-app', client.None());
      const secret = await configure(client.ClientSecretBasic);

      const first = await client.refreshTokenGrant(open, refreshToken);
      const second = await client.refreshTokenGrant(secret, first.refresh_token ?? '');
      expect(second.refresh_token).not.toBe(first.refresh_token);
      expect(await client.tokenIntrospection(secret, second.refresh_token ?? '')).toMatchObject({
        active: true,
        token_type: 'refresh_token',
      });
      await client.tokenRevocation(open, second.refresh_token ?? '');

      await parts.app.get('/verify').auth(second.access_token, { type: 'bearer' }).expect(401);
      await expect(client.refreshTokenGrant(open, second.refresh_token ?? '')).rejects.toMatchObject({
        error: 'invalid_grant',
        status: 400,
      });
    });

    it.each(METHODS)('understands the refusals by %s', async (_name, method) => {
      const made = await makeClient(parts.app, { scope: 'clients:read' });
      const config = await configure(method, made);
      const impostor = await configure(method, { ...made, secret: 'wrong' });

      await expect(client.clientCredentialsGrant(config, { scope: 'clients:delete' })).rejects.toMatchObject({
        error: 'invalid_scope',
      });
      await expect(
        client.genericGrantRequest(config, 'password', { username: 'a', password: 'b' }),
      ).rejects.toMatchObject({ error: 'unsupported_grant_type' });
      await expect(client.tokenIntrospection(config, 'any')).rejects.toMatchObject({
        error: 'insufficient_scope',
      });
      // With a challenge the package tells of that instead of the body.
      for (const refused of [
        () => client.clientCredentialsGrant(impostor),
        () => client.tokenIntrospection(impostor, 'any'),
        () => client.tokenRevocation(impostor, 'any'),
      ]) {
        await expect(refused()).rejects.toMatchObject({ status: 401 });
      }
    });
  });
});
