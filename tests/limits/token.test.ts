import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { describeService } from '../../src/app.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase, onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { expectLimited, quotasOf, remainingOf } from '../support/quotas.ts';

const POLICY = { policy: 'token', limit: 3, windowSeconds: 60 };

/** What sends a message, or checks another proof, is counted by the address as well. */
const COUNTED_BY_ADDRESS = ['send-ip', 'login-ip'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** It ends the token that it is asked with. */
const LOCKDOWN = '/me/lockdown';

/** Every other operation of the document that takes an access token. */
const OPERATIONS = Object.entries((await describeService()).paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([, operation]) => (operation as { security: object[] }).security.length > 0)
    // Machine clients authenticate there, which has a limit of its own.
    .filter(() => !path.startsWith('/oauth/') && path !== LOCKDOWN)
    .map(([method]) => ({ method: method as Method, path })),
);

onOneDatabase((kind) => {
  describe('A request with an access token, under token,', () => {
    const app = useApp(kind, { RATE_LIMIT_TOKEN: '3/60' });

    it('is one to any of these', () => {
      const names = OPERATIONS.map(({ method, path }) => `${method} ${path}`);

      expect(names).toEqual(
        expect.arrayContaining([
          'get /verify',
          'get /me',
          'patch /me',
          'delete /me',
          'post /me/password',
          'get /sessions',
          'delete /sessions/{id}',
          'post /logout',
        ]),
      );
    });

    it.each(OPERATIONS)('is counted at $method $path and refused there over the limit', async (operation) => {
      const { token } = await signUp(app);
      const path = operation.path.replace('{id}', randomUUID());
      const send = () => app[operation.method](path).auth(token, { type: 'bearer' }).send({});

      const answers = [await send(), await send(), await send()];

      expect(answers.map(({ status }) => status)).not.toContain(429);
      const counted = answers.map((answer) =>
        quotasOf(answer).filter(({ policy }) => !COUNTED_BY_ADDRESS.includes(policy)),
      );
      expect(counted).toMatchObject([2, 1, 0].map((remaining) => [{ ...POLICY, remaining }]));
      expectLimited(await send(), POLICY, COUNTED_BY_ADDRESS);
    });

    it.each<[Method, string]>([
      ['get', '/verify/any/path'],
      ['post', '/verify'],
      ['delete', '/verify/orders/1'],
    ])('is counted at %s %s as well, which gateways send', async (method, path) => {
      const { token } = await signUp(app);
      const send = () => request(app.url)[method](path).auth(token, { type: 'bearer' });

      const answers = [await send(), await send(), await send()];

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      expectLimited(await send(), POLICY);
    });
  });
});

onEachDatabase((kind) => {
  describe('A request with an access token, under token,', () => {
    const app = useApp(kind, { RATE_LIMIT_TOKEN: '3/60' });

    const verify = (token: string) => app.get('/verify').auth(token, { type: 'bearer' });

    /** A user whose access token has been sent as often as it may. */
    async function usedUp() {
      const person = await signUp(app);
      for (let count = 0; count < POLICY.limit; count++) await verify(person.token).expect(200);
      return person;
    }

    it('counts for all routes together', async () => {
      const { token } = await signUp(app);

      const answers = [
        await verify(token),
        await app.get('/me').auth(token, { type: 'bearer' }),
        await app.get('/sessions').auth(token, { type: 'bearer' }),
      ];

      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      expectLimited(await app.patch('/me').auth(token, { type: 'bearer' }).send({ name: 'Ada' }), POLICY);
    });

    it('changes nothing over the limit', async () => {
      const person = await usedUp();
      const { users, sessions } = app.models;
      const rows = async () => [
        (await users.findByPk(person.id))?.get(),
        (await sessions.findByPk(person.sessionId))?.get(),
      ];
      const before = await rows();
      const limited = [
        app.patch('/me').send({ name: 'Ada' }),
        app
          .post('/me/password')
          .send({ current_password: person.password, new_password: 'canary with a new one' }),
        app.delete('/me').send({ password: person.password }),
        app.delete(`/sessions/${person.sessionId}`),
        app.post('/logout'),
        app.post('/logout?scope=global'),
        app.post(LOCKDOWN),
      ];

      for (const answer of limited) {
        expectLimited(await answer.auth(person.token, { type: 'bearer' }), POLICY);
      }

      expect(await rows()).toEqual(before);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
    });

    it('has the same count with the next access token of the session, and one of its own in another session', async () => {
      const { refreshToken, token } = await usedUp();
      await verify(token).expect(429);
      const { body } = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      const stranger = await signUp(app);

      await verify(body.access_token).expect(429);
      expect(remainingOf([await verify(stranger.token)])).toEqual([2]);
    });

    it('is 401 and not counted with garbage for a token', async () => {
      for (let count = 0; count <= POLICY.limit; count++) {
        const response = await verify('garbage').expect(401);
        expect(quotasOf(response)).toEqual([]);
      }
    });

    it('is 401 and not counted without a token', async () => {
      for (let count = 0; count <= POLICY.limit; count++) {
        const response = await app.get('/me').expect(401);
        expect(quotasOf(response)).toEqual([]);
      }
    });

    it('does not count for the real token with a forged copy of it', async () => {
      const { token } = await signUp(app);
      const forged = token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A');

      for (let count = 0; count <= POLICY.limit; count++) await verify(forged).expect(401);

      expect(remainingOf([await verify(token)])).toEqual([2]);
    });

    it('is 401 and not counted with a token that has expired, as often as it comes', async () => {
      const { token } = await signUp(app);
      app.clock.advanceSeconds(905);

      for (let count = 0; count <= POLICY.limit; count++) {
        const response = await verify(token).expect(401);
        expect(response.body.code).toBe('token_expired');
        expect(quotasOf(response)).toEqual([]);
      }
    });

    it('is 401 and not counted with a token that has been revoked, as often as it comes', async () => {
      const { token } = await signUp(app);
      await app.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      for (let count = 0; count <= POLICY.limit; count++) {
        const response = await verify(token).expect(401);
        expect(response.body.code).toBe('token_revoked');
        expect(quotasOf(response)).toEqual([]);
      }
    });
  });
});
