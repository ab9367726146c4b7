import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { makeClient } from '../support/clients.ts';
import { signUp } from '../support/people.ts';
import { sendRaw } from '../support/raw-request.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const NO_CHUNKS = '0\r\n\r\n';

describe('A request with empty content', () => {
  const app = useApp('SQLite');

  it.each([
    ['GET', '/me', 200],
    ['GET', '/sessions', 200],
    ['GET', '/verify', 200],
    ['HEAD', '/verify', 200],
    ['POST', '/verify/below', 200],
    ['POST', '/logout', 204],
  ])(
    'is answered by %s %s as one without a body, chunked as proxies send it',
    async (method, path, status) => {
      const { token } = await signUp(app);

      const answer = await sendRaw(
        app,
        [`${method} ${path} HTTP/1.1`, `Authorization: Bearer ${token}`, CHUNKED],
        NO_CHUNKS,
      );

      expect(answer.status).toBe(status);
    },
  );

  it.each([
    ['chunked', [CHUNKED], NO_CHUNKS],
    ['chunked and of another media type', [CHUNKED, 'Content-Type: text/plain'], NO_CHUNKS],
    ['chunked and compressed', [CHUNKED, 'Content-Encoding: gzip'], NO_CHUNKS],
    ['of the length 0', ['Content-Length: 0'], ''],
    ['of the length 0 and of another media type', ['Content-Length: 0', 'Content-Type: application/xml'], ''],
    ['without a length', [], ''],
  ])('logs out where the body may be left out: %s', async (_what, fields, content) => {
    const { token } = await signUp(app);
    const head = ['POST /logout HTTP/1.1', `Authorization: Bearer ${token}`, ...fields];

    const { status } = await sendRaw(app, head, content);

    expect(status).toBe(204);
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
  });

  it.each([
    ['chunked', [CHUNKED], NO_CHUNKS],
    ['chunked and of another media type', [CHUNKED, 'Content-Type: text/plain'], NO_CHUNKS],
    ['of the length 0', ['Content-Length: 0', 'Content-Type: text/plain'], ''],
    ['without a length', [], ''],
  ])('is a body that is missing where one is needed: %s', async (_what, fields, content) => {
    const { token } = await signUp(app);
    const routes = [
      'POST /signup',
      'POST /login',
      'POST /refresh',
      'PATCH /me',
      'POST /me/password',
      'POST /api-keys',
    ];

    for (const route of routes) {
      const head = [`${route} HTTP/1.1`, `Authorization: Bearer ${token}`, ...fields];
      const { status, body } = await sendRaw(app, head, content);

      expect({ route, status, body }).toMatchObject({
        route,
        status: 400,
        body: { code: 'validation_failed', detail: 'The body: Required: an object.' },
      });
    }
  });

  it('is no password where an account is deleted that has one', async () => {
    const { token } = await signUp(app);
    const head = ['DELETE /me HTTP/1.1', `Authorization: Bearer ${token}`, CHUNKED];

    const { status, body } = await sendRaw(app, head, NO_CHUNKS);

    expect(status).toBe(403);
    expect(body).toMatchObject({ code: 'wrong_password' });
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
  });

  it('is a form without parameters at the OAuth endpoints', async () => {
    const head = ['POST /oauth/token HTTP/1.1', 'Content-Type: text/plain', CHUNKED];

    const { status, body } = await sendRaw(app, head, NO_CHUNKS);

    expect(status).toBe(400);
    expect(body).toEqual({
      error: 'invalid_request',
      error_description: 'The parameter grant_type is missing.',
    });
  });

  it('is no permission to send content of another media type in chunks', async () => {
    const { token } = await signUp(app);
    const head = ['POST /logout HTTP/1.1', `Authorization: Bearer ${token}`, CHUNKED];

    const { status, body } = await sendRaw(app, head, `2\r\n{}\r\n${NO_CHUNKS}`);

    expect(status).toBe(415);
    expect(body).toMatchObject({ code: 'unsupported_media_type' });
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
  });

  it('takes content that comes in several chunks', async () => {
    const { refreshToken } = await signUp(app);
    const text = JSON.stringify({ refresh_token: refreshToken });
    const chunks = [...text].map((sign) => `1\r\n${sign}\r\n`).join('');
    const head = ['POST /refresh HTTP/1.1', 'Content-Type: application/json', CHUNKED];

    expect((await sendRaw(app, head, chunks + NO_CHUNKS)).status).toBe(200);
  });
});

describe('The charset of a media type', () => {
  const app = useApp('SQLite');

  const CHARSETS = ['utf-8', 'UTF8', '"utf-8"', 'ISO-8859-1', 'windows-1252', 'utf-16', 'nonsense', ''];

  it.each(CHARSETS)('refuses no JSON, whose bytes are UTF-8 whatever it says: %j', async (charset) => {
    const { token } = await signUp(app);

    const { body } = await app
      .patch('/me')
      .auth(token, { type: 'bearer' })
      .set('Content-Type', `application/json; charset=${charset}`)
      .send('{"name":"Zoé 山田"}')
      .expect(200);

    expect(body.user.name).toBe('Zoé 山田');
  });

  it.each(CHARSETS)('refuses no form of OAuth: %j', async (charset) => {
    const { id, secret } = await makeClient(app);

    await app
      .post('/oauth/token')
      .set('Content-Type', `application/x-www-form-urlencoded; charset=${charset}`)
      .send(`grant_type=client_credentials&client_id=${id}&client_secret=${secret}`)
      .expect(200);
  });

  it('does not make bytes acceptable that are not UTF-8', async () => {
    const { token } = await signUp(app);
    const content = Buffer.from('{"name":"Zoé"}', 'latin1');
    const head = [
      'PATCH /me HTTP/1.1',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json; charset=ISO-8859-1',
      `Content-Length: ${content.length}`,
    ];

    const { status, body } = await sendRaw(app, head, content);

    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_json', detail: 'The body is not valid UTF-8.' });
  });
});

describe('A body of JSON that is no object', () => {
  const app = useApp('SQLite');

  it.each([
    ['null', 'null'],
    ['"text"', 'a string'],
    ['42', 'a number'],
    ['false', 'a boolean'],
    ['[]', 'an array'],
    [' [1]', 'an array'],
  ])('is called what it is: %s', async (json, type) => {
    const { token } = await signUp(app);
    const requests = [
      app.post('/logout'),
      app.post('/signup'),
      app.post('/login'),
      app.post('/refresh'),
      app.patch('/me'),
      app.delete('/me'),
    ];

    for (const request of requests) {
      const { body } = await request.auth(token, { type: 'bearer' }).type('json').send(json).expect(400);

      expect(body).toMatchObject({
        code: 'validation_failed',
        errors: [{ pointer: '', code: 'wrong_type', detail: `Must be an object, not ${type}.` }],
      });
    }
    await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
  });

  it.each(['nul', 'undefined', 'NaN', '\u00a0{}', ' ', "{'a':1}", '{}{}'])(
    'is not valid JSON where it is none: %j',
    async (text) => {
      const { body } = await app.post('/login').type('json').send(text).expect(400);

      expect(body).toMatchObject({ code: 'invalid_json' });
    },
  );
});
