import { describe, expect, it } from '@jest/globals';
import { userWho } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { askForToken, makeClient, postForm } from '../../support/clients.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

/** RFC 6749 section 5.2: what error_description may hold. */
const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

interface Answer {
  readonly type: string;
  readonly headers: Record<string, string>;
  readonly body: object;
}

function expectOAuthError({ type, headers, body }: Answer, error: string) {
  expect(type).toBe('application/json');
  expect(headers['cache-control']).toBe('no-store');
  expect(body).toEqual({ error, error_description: expect.stringMatching(DESCRIPTION) });
}

onOneDatabase((kind) => {
  describe('POST /oauth/token, 400', () => {
    const app = useApp(kind);

    it.each([
      'password',
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:device_code',
      'CLIENT_CREDENTIALS',
      '__proto__',
      'constructor',
      '\0',
      'a'.repeat(10_000),
    ])('answers 400 unsupported_grant_type to the grant type %#: %.60s', async (grantType) => {
      const client = await makeClient(app);

      const response = await askForToken(app, client, {
        grant_type: grantType,
        username: 'ada',
        password: 'any',
      }).expect(400);

      expectOAuthError(response, 'unsupported_grant_type');
    });

    it('answers 400 invalid_request without a grant type, or with an empty one', async () => {
      const client = await makeClient(app);

      expectOAuthError(
        await app.post('/oauth/token').auth(client.id, client.secret).expect(400),
        'invalid_request',
      );
      expectOAuthError(await postForm(app, '/oauth/token', {}, client).expect(400), 'invalid_request');
      expectOAuthError(await askForToken(app, client, { grant_type: '' }).expect(400), 'invalid_request');
    });

    it.each([
      'grant_type=client_credentials&grant_type=client_credentials',
      'grant_type=client_credentials&scope=clients:read&scope=tokens:introspect',
      'grant_type=client_credentials&other=1&other=2',
      'grant_type=client_credentials&client_id=1&client_id=2',
    ])('answers 400 invalid_request to a repeated parameter: %s', async (body) => {
      const client = await makeClient(app);

      const response = await app
        .post('/oauth/token')
        .auth(client.id, client.secret)
        .type('form')
        .send(body)
        .expect(400);

      expectOAuthError(response, 'invalid_request');
    });

    it.each([
      ['application/json', '{"grant_type":"client_credentials"}'],
      ['text/plain', 'grant_type=client_credentials'],
      ['multipart/form-data; boundary=x', '--x--'],
    ])('answers 400 invalid_request to a body that is %s', async (mediaType, body) => {
      const client = await makeClient(app);

      const response = await app
        .post('/oauth/token')
        .auth(client.id, client.secret)
        .set('Content-Type', mediaType)
        .send(body)
        .expect(400);

      expectOAuthError(response, 'invalid_request');
    });

    it('answers 400 invalid_request to bytes that are no UTF-8, and to a compressed body that is none', async () => {
      const form = 'application/x-www-form-urlencoded';
      for (const encoding of [undefined, 'gzip', 'nonsense']) {
        const response = await fetch(`${app.url}/oauth/token`, {
          method: 'POST',
          headers: { 'Content-Type': form, ...(encoding && { 'Content-Encoding': encoding }) },
          body: Buffer.from('grant_type=\xff', 'latin1'),
        });

        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ error: 'invalid_request' });
      }
    });

    it('answers 400 invalid_request to a client that authenticates twice, or by two names', async () => {
      const [one, other] = [await makeClient(app), await makeClient(app)];
      const twice = { client_id: one.id, client_secret: one.secret };

      expectOAuthError(await askForToken(app, one, twice).expect(400), 'invalid_request');
      expectOAuthError(
        await askForToken(app, one, { client_secret: one.secret }).expect(400),
        'invalid_request',
      );
      expectOAuthError(await askForToken(app, one, { client_id: other.id }).expect(400), 'invalid_request');
    });

    it('answers 400 invalid_request to a secret without a client_id', async () => {
      const { secret } = await makeClient(app);
      const parameters = { grant_type: 'client_credentials', client_secret: secret };

      expectOAuthError(await postForm(app, '/oauth/token', parameters).expect(400), 'invalid_request');
    });

    it.each([
      ['clients:delete', 'a permission that exists'],
      ['clients:read clients:delete', 'one more than it has'],
      ['nonsense', 'a word'],
      ['clients:read  tokens:introspect', 'two spaces'],
      [' clients:read', 'a space in front'],
      ['clients:read\ttokens:introspect', 'a tab'],
      ['clients:"read"', 'quotation marks'],
      ['clients:r\u00e4d', 'an umlaut'],
      ['__proto__', 'a name of JavaScript'],
      ['a'.repeat(15_000), '15,000 characters'],
    ])('answers 400 invalid_scope to %.60s (%s), and issues nothing', async (scope) => {
      const client = await makeClient(app);
      const before = await app.models.ledger.count({ where: { type: 'client.token_issued' } });

      const response = await askForToken(app, client, { scope }).expect(400);

      expectOAuthError(response, 'invalid_scope');
      expect(response.text.length).toBeLessThan(300);
      expect(await app.models.ledger.count({ where: { type: 'client.token_issued' } })).toBe(before);
    });
  });

  describe('POST /oauth/token with grant_type=refresh_token', () => {
    const app = useApp(kind);

    const refresh = (parameters: Record<string, string>) =>
      postForm(app, '/oauth/token', { grant_type: 'refresh_token', ...parameters });

    it('answers 400 invalid_request without a refresh token', async () => {
      expectOAuthError(await refresh({}).expect(400), 'invalid_request');
    });

    it('answers 400 invalid_grant to what is no refresh token', async () => {
      const { token, refreshToken } = await signUp(app);

      for (const wrong of ['garbage', token, `${refreshToken}x`, '\0', 'a'.repeat(15_000)]) {
        expectOAuthError(await refresh({ refresh_token: wrong }).expect(400), 'invalid_grant');
      }
    });

    it('answers 400 invalid_grant to one that was used before, which ends the session and is logged', async () => {
      const { refreshToken, sessionId } = await signUp(app);
      const { body } = await refresh({ refresh_token: refreshToken }).expect(200);
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(11);

      expectOAuthError(await refresh({ refresh_token: refreshToken }).expect(400), 'invalid_grant');

      expectOAuthError(await refresh({ refresh_token: body.refresh_token }).expect(400), 'invalid_grant');
      expect(app.logs.entries()).toContainEqual(
        expect.objectContaining({ event: 'refresh_token_reused', session_id: sessionId }),
      );
    });

    it('answers 400 invalid_grant after a logout', async () => {
      const { refreshToken, token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      expectOAuthError(await refresh({ refresh_token: refreshToken }).expect(400), 'invalid_grant');
    });

    it('answers 400 invalid_scope to more than the user has, and the refresh token is not used up', async () => {
      const { refreshToken } = await userWho(app, ['clients:read']);

      for (const scope of ['clients:delete', 'clients:read clients:delete', 'clients:read ']) {
        expectOAuthError(await refresh({ refresh_token: refreshToken, scope }).expect(400), 'invalid_scope');
      }

      const { body } = await refresh({ refresh_token: refreshToken }).expect(200);
      expect(body.refresh_token.split('.')[1]).toBe('1');
    });

    it('answers 400 invalid_scope to more than the user has within the grace, and the session goes on', async () => {
      const { refreshToken } = await userWho(app, ['clients:read']);
      const { body } = await refresh({ refresh_token: refreshToken }).expect(200);

      const wish = { refresh_token: refreshToken, scope: 'clients:delete' };
      expectOAuthError(await refresh(wish).expect(400), 'invalid_scope');

      await refresh({ refresh_token: body.refresh_token }).expect(200);
    });

    it.each([
      ['has', 'clients:read'],
      ['does not have', 'clients:delete'],
    ])(
      'answers 400 invalid_grant after a logout, also with a scope that the user %s',
      async (_which, scope) => {
        const { refreshToken, token } = await userWho(app, ['clients:read']);
        await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

        expectOAuthError(await refresh({ refresh_token: refreshToken, scope }).expect(400), 'invalid_grant');
      },
    );

    it('answers 400 invalid_grant to a used up one with a scope that the user does not have, which ends the session', async () => {
      const { refreshToken } = await userWho(app, ['clients:read']);
      const { body } = await refresh({ refresh_token: refreshToken }).expect(200);
      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(11);

      const wish = { refresh_token: refreshToken, scope: 'clients:delete' };
      expectOAuthError(await refresh(wish).expect(400), 'invalid_grant');

      expectOAuthError(await refresh({ refresh_token: body.refresh_token }).expect(400), 'invalid_grant');
    });
  });

  describe('POST /oauth/token, 413', () => {
    const app = useApp(kind);

    it('answers 413 invalid_request to more than 16 KB, and to more than 32 parameters', async () => {
      const long = `grant_type=${'a'.repeat(16_384)}`;
      const many = Array.from({ length: 33 }, (_, index) => `p${index}=1`).join('&');

      for (const body of [long, many]) {
        expectOAuthError(
          await app.post('/oauth/token').type('form').send(body).expect(413),
          'invalid_request',
        );
      }
    });
  });
});
