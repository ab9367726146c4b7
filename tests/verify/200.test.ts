import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';
import { makeRole, signUpWith } from '../support/roles.ts';

onEachDatabase((kind) => {
  describe('GET /verify', () => {
    const app = useApp(kind);

    it('answers 200 with the claims, and with headers for the service behind the gateway', async () => {
      const { id, sessionId, token } = await signUp(app);
      const issuedAt = Math.floor(app.clock.now() / 1000);

      const response = await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);

      expect(response.body).toEqual({
        iss: PUBLIC_URL,
        aud: 'latchkey',
        sub: id,
        sid: sessionId,
        amr: ['pwd'],
        acr: '1',
        auth_time: issuedAt,
        iat: issuedAt,
        exp: issuedAt + 900,
        jti: expect.any(String),
        roles: ['user'],
        scope: '',
        rv: [0, expect.any(Number)],
      });
      expect(response.headers).toMatchObject({
        'x-auth-subject': id,
        'x-auth-session': sessionId,
        'x-auth-roles': 'user',
        'x-auth-scope': '',
        'cache-control': 'no-store',
      });
    });

    it('answers 200 with all roles of a user who has several, and with what these may do together', async () => {
      const name = await makeRole(app, ['users:read', 'users:list']);
      const other = await makeRole(app, ['users:read', 'sessions:list']);
      const { token } = await signUpWith(app, [name, other]);

      const response = await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);

      const roles = [name, other, 'user'].sort();
      const scope = 'sessions:list users:list users:read';
      expect(response.body).toMatchObject({ roles, scope });
      expect(response.body.rv).toHaveLength(4);
      expect(response.headers).toMatchObject({ 'x-auth-roles': roles.join(' '), 'x-auth-scope': scope });
    });

    it('answers 200 with headers that a client cannot inject', async () => {
      const { id, sessionId, token } = await signUp(app);

      const response = await app
        .get('/verify')
        .auth(token, { type: 'bearer' })
        .set({
          'X-Auth-Subject': 'evil',
          'X-Auth-Session': 'evil',
          'X-Auth-Roles': 'admin',
          'X-Auth-Scope': 'everything',
          'X-Auth-Email': 'evil@example.com',
          X_Auth_Roles: 'admin',
        })
        .expect(200);

      const auth = Object.entries(response.headers).filter(([name]) => /^x.auth/i.test(name));
      expect(Object.fromEntries(auth)).toEqual({
        'x-auth-subject': id,
        'x-auth-session': sessionId,
        'x-auth-roles': 'user',
        'x-auth-scope': '',
      });
      expect(response.text).not.toMatch(/evil|admin|everything/);
    });

    it('answers 200 to HEAD as well, with the headers alone', async () => {
      const { id, token } = await signUp(app);

      const response = await app.head('/verify').auth(token, { type: 'bearer' }).expect(200);

      expect(response.headers['x-auth-subject']).toBe(id);
    });

    it('answers 200 whatever path, query and method the gateway says it asks for', async () => {
      const { token } = await signUp(app);

      await app
        .get('/verify?access_token=x&scope=y')
        .auth(token, { type: 'bearer' })
        .set({ 'X-Original-URI': '/orders', 'X-Forwarded-Method': 'DELETE', 'X-Forwarded-Uri': '/orders' })
        .expect(200);
    });

    it('answers 200 without a database query', async () => {
      const { token } = await signUp(app);
      const ask = (path: string) => app.get(path).auth(token, { type: 'bearer' }).expect(200);

      const queries = await countQueries(app, async () => {
        await ask('/verify');
        await app.get('/verify').auth('garbage', { type: 'bearer' }).expect(401);
        await app.get('/verify').expect(401);
      });

      expect(queries).toBe(0);
      expect(await countQueries(app, () => ask('/me'))).toBeGreaterThan(0);
    });

    it('answers 200 two hundred times, and notes the use of the key without a write each', async () => {
      const { token } = await signUp(app);
      const ask = () => app.get('/verify').auth(token, { type: 'bearer' }).expect(200);

      const queries = await countQueries(app, async () => {
        for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 10 }, ask));
      });

      expect(queries).toBe(0);
    });
  });

  describe('GET /verify while revocations are stale and REVOCATION_WHEN_STALE=accept', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'accept' });

    it('answers 200 and goes on refusing what was known to be revoked', async () => {
      const [alive, ended] = [await signUp(app), await signUp(app)];
      await app.post('/logout').auth(ended.token, { type: 'bearer' }).expect(204);

      app.clock.advanceSeconds(300);

      expect(app.follower.isStale()).toBe(true);
      await app.get('/verify').auth(alive.token, { type: 'bearer' }).expect(200);
      const { body } = await app.get('/verify').auth(ended.token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
    });
  });
});
