import { describe, expect, it } from '@jest/globals';
import { userWho } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { claimsIn } from '../../support/claims.ts';
import { askForToken, makeClient, postForm, recorded, SCOPE } from '../../support/clients.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /oauth/token with grant_type=client_credentials', () => {
    const app = useApp(kind);

    it('answers 200 with a token for the client that authenticates by Basic, which no cache keeps', async () => {
      const client = await makeClient(app);

      const response = await askForToken(app, client).expect(200);

      expect(response.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(response.body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 900,
        scope: SCOPE,
      });
      const seconds = Math.floor(app.clock.now() / 1000);
      expect(claimsIn(response.body.access_token)).toEqual({
        iss: app.config.tokens.issuer,
        aud: app.config.tokens.audience,
        sub: client.id,
        client_id: client.id,
        iat: seconds,
        exp: seconds + 900,
        jti: expect.any(String),
        roles: [],
        scope: SCOPE,
        rv: [0],
      });
    });

    it('answers 200 to one that authenticates in the body', async () => {
      const client = await makeClient(app);
      const parameters = {
        grant_type: 'client_credentials',
        client_id: client.id,
        client_secret: client.secret,
      };

      const { body } = await postForm(app, '/oauth/token', parameters).expect(200);

      await app.get('/verify').auth(body.access_token, { type: 'bearer' }).expect(200);
    });

    it.each<[what: string, encode: (text: string) => string]>([
      ['percent-encodes every sign', (text) => text.replaceAll(/[^A-Za-z0-9]/g, percentEncode)],
      ['percent-encodes everything', (text) => text.replaceAll(/./g, percentEncode)],
      ['encodes nothing', (text) => text],
    ])('answers 200 to one whose Basic %s (RFC 6749 section 2.3.1)', async (_what, encode) => {
      const client = await makeClient(app);
      const credentials = Buffer.from(`${encode(client.id)}:${encode(client.secret)}`).toString('base64');

      await postForm(app, '/oauth/token', { grant_type: 'client_credentials' })
        .set('Authorization', `bAsIc ${credentials}`)
        .expect(200);
    });

    it('answers 200 to Basic with the same client_id in the body, which is no second authentication', async () => {
      const client = await makeClient(app);

      await askForToken(app, client, { client_id: client.id }).expect(200);
    });

    it.each([
      ['clients:read', 'clients:read'],
      ['tokens:introspect clients:read', SCOPE],
      ['clients:read clients:read', 'clients:read'],
      ['', SCOPE],
    ])('answers 200 with the scope "%s", which is "%s"', async (wanted, granted) => {
      const client = await makeClient(app);

      const { body } = await askForToken(app, client, { scope: wanted }).expect(200);

      expect(body.scope).toBe(granted);
      expect(claimsIn(body.access_token).scope).toBe(granted);
    });

    it('answers 200 whatever other parameters there are', async () => {
      const client = await makeClient(app);

      await askForToken(app, client, {
        resource: 'https://api.example.com',
        __proto__x: '1',
        foo: '',
      }).expect(200);
    });

    it('answers 200 with a token that does not outlive the client', async () => {
      const end = Math.ceil(app.clock.now() / 1000) * 1000 + 60_500;
      const client = await makeClient(app, { expires_at: new Date(end).toISOString() });

      const { body } = await askForToken(app, client).expect(200);

      expect(body.expires_in).toBeLessThanOrEqual(61);
      expect(claimsIn(body.access_token).exp).toBe(Math.floor(end / 1000));
      app.clock.advanceSeconds(62);
      expect((await askForToken(app, client)).status).toBe(401);
    });

    it('records which secret was used, and no secret', async () => {
      const client = await makeClient(app);

      await askForToken(app, client, { scope: 'clients:read' }).expect(200);

      expect(await recorded(app, 'client.token_issued', client.id)).toEqual([
        {
          actorType: 'client',
          actorId: client.id,
          outcome: 'success',
          ip: expect.any(String),
          requestId: expect.any(String),
          details: { scope: 'clients:read', secret_id: expect.any(String) },
        },
      ]);
    });
  });

  describe('POST /oauth/token with grant_type=refresh_token', () => {
    const app = useApp(kind);

    const refresh = (refreshToken: string, parameters: Record<string, string> = {}) =>
      postForm(app, '/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...parameters,
      });

    it('answers 200 with the same rotation as POST /refresh', async () => {
      const { refreshToken, sessionId, id } = await signUp(app);

      const { body } = await refresh(refreshToken).expect(200);

      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.any(String),
        scope: '',
      });
      expect(claimsIn(body.access_token)).toMatchObject({ sub: id, sid: sessionId, roles: ['user'] });
      // Within the grace the successor is the same, at whichever door.
      const again = await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);
      expect(again.body.refresh_token).toBe(body.refresh_token);
      await app.post('/refresh').send({ refresh_token: body.refresh_token }).expect(200);
    });

    it('answers 200 to a public client that says its name, and to a client that proves it', async () => {
      const client = await makeClient(app);
      const { refreshToken } = await signUp(app);

      const { body } = await refresh(refreshToken, { client_id: 'any-app' }).expect(200);
      await refresh(body.refresh_token).auth(client.id, client.secret).expect(200);
    });

    it('answers 200 with a narrower scope, which the next refresh may widen again', async () => {
      const person = await userWho(app, ['clients:read', 'clients:list']);

      const narrow = await refresh(person.refreshToken, { scope: 'clients:list' }).expect(200);
      const whole = await refresh(narrow.body.refresh_token).expect(200);

      expect(narrow.body.scope).toBe('clients:list');
      expect(claimsIn(narrow.body.access_token).scope).toBe('clients:list');
      await app.get('/admin/clients').auth(narrow.body.access_token, { type: 'bearer' }).expect(200);
      expect(whole.body.scope).toBe('clients:list clients:read');
    });
  });
});

function percentEncode(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
