import { randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import type { AccessTokenClaims } from '@latchkey/verifier/core';
import { AppError } from '../../../src/core/errors.ts';
import type { ApiKeyPrincipal, AuthenticatedPrincipal } from '../../../src/core/principal.ts';
import { createIntrospect } from '../../../src/features/oauth/introspection.ts';
import { anAdmin } from '../../support/admins.ts';
import { makeKey } from '../../support/api-keys.ts';
import { useApp } from '../../support/app.ts';
import { makeClient, postForm, recorded, tokenOf } from '../../support/clients.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /oauth/introspect', () => {
    const app = useApp(kind);

    const ask = (parameters: Record<string, string>) => postForm(app, '/oauth/introspect', parameters);

    it('answers 401 invalid_client to a caller that does not prove to be a client, and says nothing of the token', async () => {
      const { token } = await signUp(app);
      const client = await makeClient(app);

      const responses = [
        await ask({ token }),
        await ask({ token, client_id: client.id }),
        await ask({ token }).auth(client.id, 'wrong'),
        await ask({ token }).auth(randomUUID(), client.secret),
        await ask({ token, client_id: client.id, client_secret: 'wrong' }),
        await ask({ token }).set('Authorization', 'Digest x'),
      ];

      for (const { status, headers, body } of responses) {
        expect(status).toBe(401);
        expect(headers['www-authenticate']).toMatch(/^Basic /);
        expect(body.error).toBe('invalid_client');
        expect(body).not.toHaveProperty('active');
      }
      await app.clientRefusals.flush();
      expect(await recorded(app, 'client.refused', client.id)).toMatchObject([{ details: { count: 2 } }]);
    });

    it('answers 401 invalid_token to a bearer token that is not good', async () => {
      const { token } = await anAdmin(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      for (const wrong of [token, 'garbage']) {
        const { headers, body } = await ask({ token }).auth(wrong, { type: 'bearer' }).expect(401);
        expect(headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
        expect(body.error).toBe('invalid_token');
      }
    });

    it('answers 403 insufficient_scope to a caller that may not ask', async () => {
      const { token } = await signUp(app);
      const client = await makeClient(app, { scope: 'clients:read' });
      const narrow = await tokenOf(app, await makeClient(app), { scope: 'clients:read' });

      const responses = [
        await ask({ token }).auth(client.id, client.secret),
        await ask({ token }).auth(token, { type: 'bearer' }),
        await ask({ token }).auth(narrow, { type: 'bearer' }),
      ];

      expect(responses.map(({ headers }) => headers['www-authenticate'])).toEqual([
        undefined,
        expect.stringContaining('scope="tokens:introspect"'),
        expect.stringContaining('scope="tokens:introspect"'),
      ]);
      for (const { status, body } of responses) {
        expect([status, body.error]).toEqual([403, 'insufficient_scope']);
        expect(body.error_description).toContain('tokens:introspect');
      }
    });

    it('answers 400 invalid_request to what it cannot understand', async () => {
      const client = await makeClient(app);
      const { token } = await anAdmin(app);
      const basic = { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` };

      const responses = [
        await ask({}).set(basic),
        await ask({ token: '' }).set(basic),
        await app.post('/oauth/introspect').set(basic),
        await app.post('/oauth/introspect').set(basic).send({ token }),
        await app.post('/oauth/introspect').set(basic).type('form').send('token=1&token=2'),
        await ask({ token, client_id: client.id, client_secret: client.secret }).set(basic),
        await ask({ token, client_id: client.id, client_secret: client.secret }).auth(token, {
          type: 'bearer',
        }),
        await ask({ token }).set('Authorization', 'Bearer '),
      ];

      for (const { status, body } of responses) {
        expect([status, body.error]).toEqual([400, 'invalid_request']);
      }
    });

    it('answers 503 and 500 in the form of OAuth, with the cause in the log alone', async () => {
      const client = await makeClient(app);
      const faults = [
        { error: new AppError('database_unavailable'), status: 503, code: 'temporarily_unavailable' },
        { error: new Error('the inside of the service'), status: 500, code: 'server_error' },
      ];

      for (const { error, status, code } of faults) {
        const find = jest.spyOn(app.core.store.clients, 'find').mockRejectedValueOnce(error);
        const response = await ask({ token: 'any' }).auth(client.id, client.secret).expect(status);

        expect(response.body).toEqual({ error: code, error_description: expect.any(String) });
        expect(response.text).not.toContain('inside');
        expect(response.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
        find.mockRestore();
      }
      expect(app.logs.lines.join('')).toContain('the inside of the service');
    });
  });

  describe('POST /oauth/introspect while revocations are stale', () => {
    const app = useApp(kind, { REVOCATION_WHEN_STALE: 'refuse' });

    it('answers 503 instead of calling a good token bad', async () => {
      const client = await makeClient(app);
      const { token } = await signUp(app);
      app.clock.advanceSeconds(11);

      const { body } = await postForm(app, '/oauth/introspect', { token }, client).expect(503);

      expect(body.error).toBe('temporarily_unavailable');
    });

    it('answers 503 to a good API key as well, and 200 to one that is bad anyway', async () => {
      await app.follower.catchUp();
      const client = await makeClient(app);
      const { token } = await signUp(app);
      const { key } = await makeKey(app, token);
      const ask = (credential: string) => postForm(app, '/oauth/introspect', { token: credential }, client);
      expect((await ask(key).expect(200)).body.active).toBe(true);
      app.clock.advanceSeconds(11);

      expect((await ask(key).expect(503)).body.error).toBe('temporarily_unavailable');
      expect((await ask(`${key}x`).expect(200)).body).toEqual({ active: false });

      await app.follower.catchUp();
      expect((await ask(key).expect(200)).body.active).toBe(true);
    });
  });
});

describe('Introspection', () => {
  const sub = 'somebody';
  const claims = { sub } as AccessTokenClaims;
  const invalid = new AppError('token_invalid');

  function introspectionOf({ isGood }: { isGood: boolean }) {
    const asked = {
      isKey: (token: string) => token === 'key',
      inspect: jest.fn(async () => (isGood ? ({ claims } as ApiKeyPrincipal) : null)),
      authenticate: jest.fn((): AuthenticatedPrincipal => {
        if (!isGood) throw invalid;
        return { claims } as AuthenticatedPrincipal;
      }),
      readRefreshToken: () => null,
      sessionOf: jest.fn(async () => null),
    };
    const { authenticate } = asked;
    const introspect = createIntrospect({
      apiKeys: asked,
      sessions: asked,
      authenticate,
      requireFresh: () => {},
    });
    return { introspect, ...asked };
  }

  it('looks for a refresh token only where it has found no access token', async () => {
    const good = introspectionOf({ isGood: true });
    const bad = introspectionOf({ isGood: false });

    expect(await good.introspect('token')).toMatchObject({ active: true, sub, token_type: 'Bearer' });
    expect(good.sessionOf).not.toHaveBeenCalled();
    expect(await bad.introspect('token')).toEqual({ active: false });
    expect(bad.sessionOf).toHaveBeenCalledTimes(1);
  });

  it('takes what looks like an API key for nothing else, and asks for it once', async () => {
    for (const isGood of [true, false]) {
      const { introspect, inspect, authenticate, sessionOf } = introspectionOf({ isGood });

      expect(await introspect('key')).toMatchObject(
        isGood ? { active: true, sub, token_type: 'api_key' } : { active: false },
      );
      expect(inspect).toHaveBeenCalledTimes(1);
      expect(authenticate).not.toHaveBeenCalled();
      expect(sessionOf).not.toHaveBeenCalled();
    }
  });
});
