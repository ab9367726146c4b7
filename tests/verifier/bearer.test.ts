import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { authOf, type BearerOptions, bearer, type Verifier } from '@latchkey/verifier';
import express, { type ErrorRequestHandler } from 'express';
import request from 'supertest';
import { aSecretKey, sign, useHttpServers, useVerifiers } from '../support/verifiers.ts';

const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const key = aSecretKey(SECRET);

describe('bearer', () => {
  const verifierWith = useVerifiers();
  const serve = useHttpServers();

  /** A service with one route behind the middleware, which answers with the claims. */
  function serviceWith(options?: BearerOptions, verifier = verifierWith({ secret: SECRET })) {
    const app = express();
    app.get('/', bearer(verifier, options), (req, res) => {
      res.json(authOf(req));
    });
    const onError: ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(500).json({ message: error.message });
    };
    app.use(onError);
    return (token?: string) => {
      const asked = request(app).get('/');
      return token === undefined ? asked : asked.auth(token, { type: 'bearer' });
    };
  }

  describe('lets pass', () => {
    it('a good token, and puts its claims into req.auth', async () => {
      const { body } = await serviceWith()(sign(key, { sub: 'ada' })).expect(200);

      expect(body).toMatchObject({ sub: 'ada', scope: 'posts:read', roles: ['user'] });
    });

    it.each<[what: string, options: BearerOptions]>([
      ['the permission', { scope: 'posts:read' }],
      ['all of several permissions', { scope: 'posts:write posts:read' }],
      ['the role', { role: 'author' }],
      ['both', { scope: 'posts:read', role: 'user' }],
      ['no permission, since none is asked for', {}],
    ])('a token that has %s', async (_what, options) => {
      const token = sign(key, { scope: 'posts:read posts:write', roles: ['author', 'user'] });

      await serviceWith(options)(token).expect(200);
    });

    it('a request of plain node:http as well as one of Express', async () => {
      const check = bearer(verifierWith({ secret: SECRET }));
      const url = await serve((req, res) => {
        void check(req, res, () => res.end('passed'));
      });

      const headers = { Authorization: `Bearer ${sign(key)}` };
      expect(await (await fetch(url, { headers })).text()).toBe('passed');
      expect((await fetch(url)).status).toBe(401);
    });
  });

  describe('answers with a problem document and the challenge of RFC 6750:', () => {
    it('401 without a token, and names no error', async () => {
      const response = await serviceWith()().expect(401);

      expect(response.type).toBe('application/problem+json');
      expect(response.headers).toMatchObject({
        'www-authenticate': 'Bearer realm="latchkey"',
        'cache-control': 'no-store',
      });
      expect(response.body).toEqual({
        type: 'urn:latchkey:error:token_missing',
        title: 'This needs an access token',
        status: 401,
        detail: expect.any(String),
        code: 'token_missing',
      });
    });

    it('401 with another scheme, which counts as no token', async () => {
      const app = express().use(bearer(verifierWith({ secret: SECRET })));

      const { body } = await request(app).get('/').auth('ada', 'secret').expect(401);

      expect(body.code).toBe('token_missing');
    });

    it.each([
      ['token_invalid', () => sign(aSecretKey('another secret that nobody here has ever seen'))],
      ['token_invalid', () => 'rubbish'],
      ['token_expired', () => sign(key, { iat: 1_700_000_000, exp: 1_700_000_900 })],
    ])('401 with invalid_token: %s', async (code, token) => {
      const response = await serviceWith({ realm: 'posts' })(token()).expect(401);

      expect(response.body.code).toBe(code);
      expect(response.headers['www-authenticate']).toBe(
        `Bearer realm="posts", error="invalid_token", error_description="${response.body.title}"`,
      );
    });

    it('403 with insufficient_scope, and names what is needed', async () => {
      const response = await serviceWith({ scope: 'posts:read posts:write' })(sign(key)).expect(403);

      expect(response.body).toMatchObject({
        code: 'insufficient_scope',
        detail: 'This needs the permission posts:write.',
      });
      expect(response.headers['www-authenticate']).toContain(
        'error="insufficient_scope", error_description="The token does not allow this", scope="posts:read posts:write"',
      );
    });

    it('403 where the role is missing', async () => {
      const response = await serviceWith({ role: 'editor' })(sign(key)).expect(403);

      expect(response.body).toMatchObject({
        code: 'insufficient_role',
        detail: 'This needs the role editor.',
      });
      expect(response.headers['www-authenticate']).toContain('error="insufficient_scope"');
    });

    it.each([
      ['a part of a permission', { scope: 'posts:rea' }],
      ['a permission that begins alike', { scope: 'posts:read2' }],
      ['a role in other letters', { role: 'User' }],
    ])('403: %s is not one', async (_what, options) => {
      await serviceWith(options)(sign(key)).expect(403);
    });

    it('400 to a header that cannot be read', async () => {
      const app = express().use(bearer(verifierWith({ secret: SECRET })));

      const response = await request(app).get('/').set('Authorization', 'Bearer two tokens').expect(400);

      expect(response.body.code).toBe('invalid_request');
      expect(response.headers['www-authenticate']).toContain('error="invalid_request"');
    });

    it('400 to two headers: a gateway may have looked at either', async () => {
      const check = bearer(verifierWith({ secret: SECRET }));
      const url = await serve((req, res) => {
        void check(req, res, () => res.end('passed'));
      });
      const credentials = ['Authorization', `Bearer ${sign(key)}`];
      const headers = [...credentials, ...credentials, 'Host', 'x'];

      const sent = send(url, { headers }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];

      expect(response.statusCode).toBe(400);
      response.resume();
    });

    it('503 with Retry-After where it cannot know', async () => {
      const jwksUri = await serve((_req, res) => {
        res.writeHead(500).end();
      });
      const verifier = verifierWith({ jwksUri, onError: () => {} });

      const response = await serviceWith({}, verifier)(sign(key)).expect(503);

      expect(response.body.code).toBe('keys_unavailable');
      expect(response.headers).toMatchObject({ 'retry-after': '1' });
      expect(response.headers).not.toHaveProperty('www-authenticate');
    });
  });

  it('says of an API key who can check it', async () => {
    const { body } = await serviceWith()('lk_of_somebody').expect(401);

    expect(body.detail).toContain('It is an API key, which the auth service alone can check.');
  });

  describe('options that would check less than was meant', () => {
    it.each<[what: string, options: unknown]>([
      ['a permission in place of the options', 'posts:read'],
      ['a misspelled option', { scopes: 'posts:read' }],
      ['a permission that is undefined', { scope: undefined }],
      ['a role that is undefined', { role: undefined }],
      ['an empty permission', { scope: '' }],
      ['a list of permissions', { scope: ['posts:read'] }],
      ['null', null],
      ['a realm that would end its quotation', { realm: 'x", error="none' }],
      ['a permission with a line break', { scope: 'posts:read\r\nX-Evil: 1' }],
    ])('are refused: %s', (_what, options) => {
      expect(() => serviceWith(options as BearerOptions)).toThrow(TypeError);
    });

    it('no verifier at all', () => {
      expect(() => bearer(undefined as unknown as Verifier)).toThrow(/must be a verifier/);
    });
  });

  it('never takes a token out of the query or a cookie', async () => {
    const token = sign(key);
    const app = express().use(bearer(verifierWith({ secret: SECRET })));

    await request(app).get(`/?access_token=${token}`).set('Cookie', `access_token=${token}`).expect(401);
  });

  it('is missed by authOf on a route that is not behind it', async () => {
    const app = express();
    app.get('/', (req, res) => {
      res.json(authOf(req));
    });
    app.use(((error, _req, res, _next) => {
      res.status(500).json({ message: error.message });
    }) satisfies ErrorRequestHandler);

    const { body } = await request(app).get('/').expect(500);

    expect(body.message).toBe('this route is not behind the middleware bearer');
  });

  it('hands whatever else goes wrong to the next error handler', async () => {
    const broken = { ...verifierWith({ secret: SECRET }), verify: () => Promise.reject(new Error('broken')) };

    const { body } = await serviceWith({}, broken)(sign(key)).expect(500);

    expect(body.message).toBe('broken');
  });
});
