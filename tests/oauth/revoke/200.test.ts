import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { makeClient, postForm, recorded, type TestClient, tokenOf } from '../../support/clients.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';
import { useTwoApps } from '../../support/two-apps.ts';

onEachDatabase((kind) => {
  describe('POST /oauth/revoke', () => {
    const app = useApp(kind);

    async function revoke(token: string, client?: TestClient, more: Record<string, string> = {}) {
      const { text } = await postForm(app, '/oauth/revoke', { token, ...more }, client).expect(200);
      expect(text).toBe('');
    }

    const verify = async (token: string) => (await app.get('/verify').auth(token, { type: 'bearer' })).status;

    it("answers 200 to a client for a token of its own, which is refused at once while the client's others go on", async () => {
      const client = await makeClient(app);
      const [token, other] = [await tokenOf(app, client), await tokenOf(app, client)];

      await revoke(token, client, { token_type_hint: 'refresh_token' });

      const { body } = await app.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
      expect(await verify(other)).toBe(200);
      const { jti } = claimsIn(token);
      expect(await recorded(app, 'token.revoked', client.id)).toMatchObject([
        { actorType: 'client', actorId: client.id, details: { jti } },
      ]);
    });

    it('keeps the token refused as long as it could be alive, and takes it a second time without an error', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client);

      await revoke(token, client);
      await revoke(token, client);
      app.clock.advanceSeconds(900);
      await app.follower.catchUp();
      await app.follower.prune();

      expect((await app.get('/verify').auth(token, { type: 'bearer' })).body.code).toBe('token_revoked');
    });

    it('answers 200 however often, and writes the revocation down once', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client);
      const { jti } = claimsIn(token);

      for (let count = 0; count < 3; count++) await revoke(token, client);

      expect(await recorded(app, 'token.revoked', client.id)).toHaveLength(1);
      expect(await app.models.revocations.count({ where: { subjectId: jti } })).toBe(1);
    });

    it("answers 200 to another client, for a user's token and for an unknown one, and nothing happens", async () => {
      const [one, other] = [await makeClient(app), await makeClient(app)];
      const person = await signUp(app);
      const token = await tokenOf(app, one);

      for (const foreign of [token, person.token, person.refreshToken, 'garbage', `${token}x`, '\0']) {
        await revoke(foreign, other);
      }

      expect(await verify(token)).toBe(200);
      expect(await verify(person.token)).toBe(200);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
      expect(await recorded(app, 'token.revoked', one.id)).toEqual([]);
    });

    it('answers 200 to a refresh token without a client, which ends its session as a logout does', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      const other = await app.post('/login').send({ email, password }).expect(200);

      await revoke(person.refreshToken);

      expect(await verify(person.token)).toBe(401);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      expect(await verify(other.body.access_token)).toBe(200);
      expect(await recorded(app, 'logout', person.id)).toMatchObject([
        { actorId: person.id, details: { sessions: [person.sessionId] } },
      ]);
    });

    it("answers 200 to a user's access token without a client, which ends its session as a logout does", async () => {
      const person = await signUp(app);

      await revoke(person.token, undefined, { client_id: 'any-public-client' });
      await revoke(person.token);

      expect(await verify(person.token)).toBe(401);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(401);
      expect(await recorded(app, 'logout', person.id)).toHaveLength(1);
    });

    it('answers 200 to what is no token, and to one that has expired', async () => {
      const client = await makeClient(app);
      const person = await signUp(app);
      const token = await tokenOf(app, client);
      app.clock.advanceSeconds(905);

      for (const nothing of [token, person.token, 'garbage', '..', 'a'.repeat(15_000)]) {
        await revoke(nothing);
        await revoke(nothing, client);
      }
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
    });
  });

  describe('POST /oauth/revoke refuses', () => {
    const app = useApp(kind);

    it('a client that does not prove who it is, and its token goes on', async () => {
      const client = await makeClient(app);
      const token = await tokenOf(app, client);

      const responses = [
        await postForm(app, '/oauth/revoke', { token }),
        await postForm(app, '/oauth/revoke', { token, client_id: client.id }),
        await postForm(app, '/oauth/revoke', { token }, { ...client, secret: 'wrong' }),
        await postForm(app, '/oauth/revoke', { token }).auth(token, { type: 'bearer' }),
      ];

      for (const { status, headers, body } of responses) {
        expect([status, body.error]).toEqual([401, 'invalid_client']);
        expect(headers['www-authenticate']).toMatch(/^Basic /);
      }
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('what it cannot understand', async () => {
      const client = await makeClient(app);
      const { token } = await signUp(app);

      const responses = [
        await postForm(app, '/oauth/revoke', {}),
        await postForm(app, '/oauth/revoke', { token: '' }, client),
        await app.post('/oauth/revoke'),
        await app.post('/oauth/revoke').send({ token }),
        await app.post('/oauth/revoke').type('form').send(`token=${token}&token=${token}`),
        await postForm(app, '/oauth/revoke', { token, client_secret: client.secret }, client),
      ];

      for (const { status, body } of responses) {
        expect([status, body.error]).toEqual([400, 'invalid_request']);
      }
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });
  });

  describe('POST /oauth/revoke at one process', () => {
    const apps = useTwoApps(kind);

    it('is known to the other as soon as it has been read', async () => {
      const { first, second } = apps;
      const client = await makeClient(first);
      const token = await tokenOf(second, client);

      await postForm(first, '/oauth/revoke', { token }, client).expect(200);
      await second.follower.catchUp();

      const { body } = await second.get('/verify').auth(token, { type: 'bearer' }).expect(401);
      expect(body.code).toBe('token_revoked');
    });
  });
});
