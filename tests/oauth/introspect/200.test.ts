import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { makeClient, postForm, type TestClient, tokenOf } from '../../support/clients.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

onEachDatabase((kind) => {
  describe('POST /oauth/introspect', () => {
    const app = useApp(kind);

    async function introspect(token: string, asker?: TestClient, more: Record<string, string> = {}) {
      const client = asker ?? (await makeClient(app));
      return postForm(app, '/oauth/introspect', { token, ...more }, client).expect(200);
    }

    async function expectInactive(token: string) {
      // Exactly, since any further member would be told to a caller who may be guessing.
      expect((await introspect(token)).text).toBe('{"active":false}');
    }

    it('answers 200 with what there is to know of a user, and nothing personal', async () => {
      const person = await anAdmin(app);

      const { body, text, headers } = await introspect(person.token);

      // What guards this service alone, and by which means the user signed in, is not told.
      const { rv: _rv, amr: _amr, ...claims } = claimsIn(person.token);
      expect(body).toEqual({ active: true, token_type: 'Bearer', ...claims });
      expect(body).toMatchObject({ sub: person.id, roles: ['admin', 'user'], acr: '1' });
      expect(body.auth_time).toBe(Math.floor(app.clock.now() / 1000));
      expect(body.scope).toContain('tokens:introspect');
      expect(text).not.toContain('@');
      expect(headers['cache-control']).toBe('no-store');
    });

    it('answers 200 with what there is to know of a machine client', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client, { scope: 'clients:read' });

      const { body } = await introspect(token);

      expect(body).toMatchObject({
        active: true,
        sub: client.id,
        client_id: client.id,
        scope: 'clients:read',
        roles: [],
      });
      expect(body).not.toHaveProperty('sid');
    });

    it('answers 200 with what there is to know of the present refresh token', async () => {
      const { id, sessionId, refreshToken } = await signUp(app);

      const { body } = await introspect(refreshToken);

      expect(body).toEqual({
        active: true,
        sub: id,
        sid: sessionId,
        token_type: 'refresh_token',
        exp: Math.floor(app.clock.now() / 1000) + 2_592_000,
      });
    });

    it('answers 200 with what there is to know of an API key', async () => {
      const person = await signUp(app);
      const { id, key } = await makeKey(app, person.token);

      const { body } = await introspect(key);

      expect(body).toMatchObject({ active: true, sub: person.id, jti: id, token_type: 'api_key' });
      expect(body).not.toHaveProperty('sid');
    });

    it('answers 200 with one of the types of tokens that /openapi.json names', async () => {
      const { body } = await app.get('/openapi.json').expect(200);

      const [, active] = body.components.schemas.Introspection.anyOf;
      expect(active.properties.token_type.enum).toEqual(['Bearer', 'refresh_token', 'api_key']);
    });

    it('answers 200 whatever the hint, and to a client that authenticates in the body', async () => {
      const client = await makeClient(app);
      const { token, refreshToken } = await signUp(app);

      for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
        expect((await introspect(token, client, { token_type_hint })).body.active).toBe(true);
        expect((await introspect(refreshToken, client, { token_type_hint })).body.active).toBe(true);
      }
      const inBody = { token, client_id: client.id, client_secret: client.secret };
      expect((await postForm(app, '/oauth/introspect', inBody).expect(200)).body.active).toBe(true);
    });

    it('answers 200 to a bearer token with tokens:introspect, of a user or a machine client', async () => {
      const { token } = await signUp(app);
      const askers = [(await anAdmin(app)).token, await tokenOf(app, await makeClient(app))];

      for (const asker of askers) {
        const request = postForm(app, '/oauth/introspect', { token }).auth(asker, { type: 'bearer' });
        expect((await request.expect(200)).body.active).toBe(true);
      }
    });

    it('answers 200 with active: false to what is no token', async () => {
      const { token } = await signUp(app);
      const [header, payload] = token.split('.');

      for (const wrong of ['garbage', `${token}x`, `${header}.${payload}.`, '\0', 'a'.repeat(15_000), '..']) {
        await expectInactive(wrong);
      }
    });

    it('answers 200 with active: false to an expired access token', async () => {
      const { token } = await signUp(app);
      const client = await makeClient(app);
      const machineToken = await tokenOf(app, client);

      app.clock.advanceSeconds(905);

      await expectInactive(token);
      await expectInactive(machineToken);
    });

    it('answers 200 with active: false after a logout, to both tokens of the session', async () => {
      const { token, refreshToken } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      await expectInactive(token);
      await expectInactive(refreshToken);
    });

    it('answers 200 with active: true to the refresh token before, as long as a refresh would take it', async () => {
      const { refreshToken } = await signUp(app);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

      expect((await introspect(refreshToken)).body.active).toBe(true);
      app.clock.advanceSeconds(300);
      expect((await introspect(refreshToken)).body.active).toBe(true);
      app.clock.advanceSeconds(0.001);
      await expectInactive(refreshToken);
    });

    it('answers 200 with active: false to a used up refresh token, which ends nothing', async () => {
      const { refreshToken } = await signUp(app);
      const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(11);

      await expectInactive(refreshToken);

      expect((await introspect(body.refresh_token)).body.active).toBe(true);
    });

    it('answers 200 with active: false to the refresh token of a session that has expired', async () => {
      const { refreshToken } = await signUp(app);
      app.clock.advanceSeconds(2_592_000);

      await expectInactive(refreshToken);
    });

    it('answers 200 with active: false to a refresh token whose user is disabled', async () => {
      const { id, refreshToken } = await signUp(app);
      await app.store.users.disable(id, new Date(app.clock.now()));

      await expectInactive(refreshToken);
    });

    it('answers 200 with active: false to the token of a client that is deleted', async () => {
      const { token: adminToken } = await anAdmin(app);
      const client = await makeClient(app, {}, adminToken);
      const token = await tokenOf(app, client);
      await app.delete(`/admin/clients/${client.id}`).auth(adminToken, { type: 'bearer' }).expect(204);

      await expectInactive(token);
    });
  });

  describe('POST /oauth/introspect in another process', () => {
    const apps = useTwoApps(kind);

    it('knows of a revocation as soon as it has been read', async () => {
      const { first, second } = apps;
      const client = await makeClient(first);
      const { token } = await signUp(first);
      const isActive = async () => {
        const { body } = await postForm(second, '/oauth/introspect', { token }, client).expect(200);
        return body.active;
      };
      expect(await isActive()).toBe(true);

      await first.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      await second.follower.catchUp();

      expect(await isActive()).toBe(false);
    });
  });
});
