import { describe, expect, it } from '@jest/globals';
import { createAccessTokens } from '../../src/core/tokens/access-token.ts';
import { createKeyRing, secretKey } from '../../src/core/tokens/keys.ts';
import { PUBLIC_URL, TEST_SECRET, type TestApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const NO_CREDENTIAL = 'Bearer realm="latchkey"';
const INVALID =
  'Bearer realm="latchkey", error="invalid_token", error_description="The access token is not valid"';
const EXPIRED =
  'Bearer realm="latchkey", error="invalid_token", error_description="The access token has expired"';
const REVOKED =
  'Bearer realm="latchkey", error="invalid_token", error_description="The access token has been revoked"';

const OTHER_SECRET = 'another-secret-that-this-service-has-never-heard-of';

/** A token as the app itself would issue it, but for what `change` changes. */
function forge(app: TestApp, subject: string, change: { secret?: string; kidOf?: string; issuer?: string }) {
  const secret = change.secret ?? TEST_SECRET;
  const { kid } = secretKey(change.kidOf ?? secret);
  const ring = createKeyRing({ ...app.config.tokens, secret, appSecrets: [secret] });
  const { issuer, audience, accessTokenTtlSeconds } = app.config.tokens;
  const tokens = createAccessTokens({
    keys: { ...ring, current: { ...ring.current, kid } },
    issuer: change.issuer ?? issuer,
    audience,
    maxTtlSeconds: accessTokenTtlSeconds,
    clock: app.clock,
  });
  const session = {
    sessionId: '01980000-0000-7000-8000-00000000000a',
    roles: ['user'],
    permissions: [],
    versions: [],
    at: new Date(app.clock.now()),
  };
  return tokens.issue({ userId: subject, ...session, ttlSeconds: accessTokenTtlSeconds });
}

/** The token with another header or payload under the signature that it had. */
function tamper(token: string, part: 0 | 1, change: object): string {
  const parts = token.split('.');
  const old = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString());
  parts[part] = Buffer.from(JSON.stringify({ ...old, ...change })).toString('base64url');
  return parts.join('.');
}

onEachDatabase((kind) => {
  describe('GET /me', () => {
    const app = useApp(kind);

    it('answers 401 to no credential, with a challenge that names no error', async () => {
      const response = await app.get('/me').expect(401);

      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toMatchObject({
        'www-authenticate': NO_CREDENTIAL,
        'cache-control': 'no-store',
      });
      expect(response.body).toEqual({
        type: `${PUBLIC_URL}/docs/errors#token_missing`,
        title: 'This needs an access token',
        status: 401,
        detail: expect.any(String),
        instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
        code: 'token_missing',
      });
    });

    it.each([
      '',
      'Basic YWRhOnBhc3N3b3Jk',
      'Digest username="ada"',
      'Bearerish TOKEN',
      'TOKEN',
      'Token TOKEN',
    ])('answers 401 to the header %j, which counts as no credential', async (header) => {
      const { token } = await signUp(app);

      const response = await app.get('/me').set('Authorization', header.replace('TOKEN', token)).expect(401);

      expect(response.body.code).toBe('token_missing');
      expect(response.headers['www-authenticate']).toBe(NO_CREDENTIAL);
    });

    it.each(['access_token', 'token', 'authorization', 'bearer_token'])(
      'answers 401 to a token in the query member %s, where logs and histories would keep it',
      async (name) => {
        const { token } = await signUp(app);

        const response = await app
          .get('/me')
          .query({ [name]: token })
          .expect(401);

        expect(response.body.code).toBe('token_missing');
        expect(response.text).not.toContain(token);
      },
    );

    it.each(['Cookie', 'X-Access-Token', 'Proxy-Authorization', 'X-Authorization'])(
      'answers 401 to a token in the header %s',
      async (name) => {
        const { token } = await signUp(app);

        const response = await app
          .get('/me')
          .set(name, name === 'Cookie' ? `access_token=${token}` : `Bearer ${token}`)
          .expect(401);

        expect(response.body.code).toBe('token_missing');
      },
    );

    describe('with a token that is not valid', () => {
      it.each<[string, (token: string, id: string) => string]>([
        ['no token at all', () => 'garbage'],
        ['two dots', () => '..'],
        ['cut short', (token) => token.slice(0, -1)],
        ['without a signature', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
        ['with a fourth part', (token) => `${token}.x`],
        ['of another person under the old signature', (token) => tamper(token, 1, { sub: 'another' })],
        ['with a longer life under the old signature', (token) => tamper(token, 1, { exp: 4_000_000_000 })],
        ['with more roles under the old signature', (token) => tamper(token, 1, { roles: ['admin'] })],
        ['that claims to need no signature', (token) => tamper(token, 0, { alg: 'none' })],
        ['that is no access token by its type', (token) => tamper(token, 0, { typ: 'JWT' })],
        ['signed with another key', (_token, id) => forge(app, id, { secret: OTHER_SECRET })],
        [
          'signed with another key under the kid of ours',
          (_token, id) => forge(app, id, { secret: OTHER_SECRET, kidOf: TEST_SECRET }),
        ],
        ['of another issuer', (_token, id) => forge(app, id, { issuer: 'https://other.example.com' })],
        ['of 10,000 characters', (token) => token + 'A'.repeat(10_000 - token.length)],
      ])('answers 401 to one that is not valid: %s', async (_what, makeToken) => {
        const { token, id } = await signUp(app);
        const broken = makeToken(token, id);

        const response = await app.get('/me').set('Authorization', `Bearer ${broken}`).expect(401);

        expect(response.body).toMatchObject({ status: 401, code: 'token_invalid' });
        expect(response.headers['www-authenticate']).toBe(INVALID);
        expect(response.body).not.toHaveProperty('user');
      });
    });

    it('answers 401 to a token of a user who never was', async () => {
      const token = forge(app, '01890000-0000-7000-8000-000000000001', {});

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);

      expect(response.body.code).toBe('token_revoked');
    });

    it('answers 401 to the token of a deleted account', async () => {
      const { id, token } = await signUp(app);
      await app.models.users.destroy({ where: { id } });

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);

      expect(response.body).toMatchObject({ status: 401, code: 'token_revoked' });
      expect(response.headers['www-authenticate']).toBe(REVOKED);
    });

    it('answers 401 to the token of a disabled account, until it is enabled again', async () => {
      const { id, token } = await signUp(app);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);

      expect(response.body).toMatchObject({ status: 401, code: 'token_revoked' });
      expect(response.headers['www-authenticate']).toBe(REVOKED);
      await app.models.users.update({ disabledAt: null }, { where: { id } });
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });
  });

  describe('GET /me as time passes', () => {
    const app = useApp(kind);

    it('answers 401 to an expired token, and says how long ago it expired', async () => {
      const { token } = await signUp(app);

      app.clock.advanceSeconds(900 + 30);

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      expect(response.body).toMatchObject({
        status: 401,
        code: 'token_expired',
        detail: 'The access token expired 30 seconds ago.',
      });
      expect(response.headers['www-authenticate']).toBe(EXPIRED);
    });

    it('answers 401 from 5 seconds after the expiry', async () => {
      const { token } = await signUp(app);

      app.clock.advanceSeconds(905);

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      expect(response.body.detail).toBe('The access token expired 5 seconds ago.');
    });

    it('answers 401 to an expired token with a wrong signature as to any other forgery', async () => {
      const { id } = await signUp(app);
      const token = forge(app, id, { secret: OTHER_SECRET, kidOf: TEST_SECRET });

      app.clock.advanceSeconds(2_000);

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      expect(response.body.code).toBe('token_invalid');
      expect(response.headers['www-authenticate']).toBe(INVALID);
    });

    it('answers 401 to a token from more than 5 seconds in the future', async () => {
      app.clock.advanceSeconds(7);
      const { token } = await signUp(app);
      app.clock.advanceSeconds(-7);

      const response = await app.get('/me').auth(token, { type: 'bearer' }).expect(401);

      expect(response.body.code).toBe('token_invalid');
    });
  });

  describe('GET /me with ACCESS_TOKEN_TTL_SECONDS=60', () => {
    const app = useApp(kind, { ACCESS_TOKEN_TTL_SECONDS: '60' });

    it('answers 401 after that time and the 5 seconds', async () => {
      const { token } = await signUp(app);

      app.clock.advanceSeconds(64);
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(1);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
    });
  });

  describe('PATCH /me', () => {
    const app = useApp(kind);

    it('answers 401 to no credential, whatever the body is', async () => {
      for (const body of [{ name: 'Eve' }, {}, { name: 1 }]) {
        const response = await app.patch('/me').send(body).expect(401);
        expect(response.body.code).toBe('token_missing');
        expect(response.headers['www-authenticate']).toBe(NO_CREDENTIAL);
      }
    });

    it('answers 401 to a token in the body, which is never read', async () => {
      const { token } = await signUp(app, { name: 'Ada' });

      await app.patch('/me').send({ name: 'Eve', access_token: token }).expect(401);

      const { body } = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(body.user.name).toBe('Ada');
    });

    it('answers 401 to a disabled account, and changes nothing', async () => {
      const { id, token } = await signUp(app, { name: 'Ada' });
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      const response = await app
        .patch('/me')
        .auth(token, { type: 'bearer' })
        .send({ name: 'Eve' })
        .expect(401);

      expect(response.body.code).toBe('token_revoked');
      expect((await app.models.users.findByPk(id))?.name).toBe('Ada');
    });

    it('answers 401 to a deleted account, even for a username that is taken', async () => {
      const { id, token } = await signUp(app);
      const { username } = await signUp(app, { username: 'taken.by.somebody' });
      await app.models.users.destroy({ where: { id } });

      const response = await app.patch('/me').auth(token, { type: 'bearer' }).send({ username }).expect(401);

      expect(response.body.code).toBe('token_revoked');
      expect(response.headers['www-authenticate']).toBe(REVOKED);
    });
  });

  describe('DELETE /me', () => {
    const app = useApp(kind);

    it('answers 401 to no credential but the right password, and deletes nothing', async () => {
      const { token, password } = await signUp(app);

      const response = await app.delete('/me').send({ password }).expect(401);

      expect(response.body.code).toBe('token_missing');
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 401 to a token in the body or the query, and deletes nothing', async () => {
      const { token, password } = await signUp(app);

      await app.delete('/me').send({ password, access_token: token }).expect(401);
      await app.delete('/me').query({ access_token: token }).send({ password }).expect(401);

      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 401 to a disabled account with the right password, and keeps it', async () => {
      const { id, token, password } = await signUp(app);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      const response = await app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(401);

      expect(response.body.code).toBe('token_revoked');
      expect(await app.models.users.findByPk(id)).not.toBeNull();
    });
  });
});

onEachDatabase((kind) => {
  describe.each([
    ['delete', '/me'],
    ['post', '/me/delete'],
  ] as const)('Deleting an account without a password by %s %s', (method, path) => {
    const app = useApp(kind, { RECENT_SIGN_IN_SECONDS: '300' });

    it('answers 401 once the sign-in was too long ago, and the account stays', async () => {
      const { id, token } = await signUp(app);
      await app.models.users.update({ passwordHash: null }, { where: { id } });
      const remove = () => app[method](path).auth(token, { type: 'bearer' }).send({});

      app.clock.advanceSeconds(302);
      const { body, headers } = await remove().expect(401);

      expect(body.code).toBe('insufficient_user_authentication');
      expect(headers['www-authenticate']).toMatch(
        /error="insufficient_user_authentication".*, max_age="300"$/,
      );
      expect(await app.models.users.findByPk(id)).not.toBeNull();
      app.clock.advanceSeconds(-3);
      await remove().expect(204);
    });
  });
});
