import { randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { askForToken, makeClient, postForm, recorded, type TestClient } from '../../support/clients.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { signUp } from '../../support/people.ts';

const GRANT = { grant_type: 'client_credentials' };

onEachDatabase((kind) => {
  describe('POST /oauth/token', () => {
    const app = useApp(kind);

    function expectInvalidClient(response: { headers: Record<string, string>; body: object }) {
      expect(response.headers['www-authenticate']).toMatch(/^Basic realm="latchkey"/);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toEqual({ error: 'invalid_client', error_description: expect.any(String) });
    }

    function inBody({ id, secret }: TestClient) {
      return postForm(app, '/oauth/token', { ...GRANT, client_id: id, client_secret: secret });
    }

    it('answers 401 invalid_client to a wrong secret and to an unknown client, by the same words', async () => {
      const client = await makeClient(app);
      const other = await makeClient(app);
      const impostors = [
        { ...client, secret: 'garbage' },
        { ...client, secret: other.secret },
        { ...client, secret: client.secret.slice(0, -1) },
        { ...client, id: randomUUID() },
        { ...client, id: ` ${client.id}` },
        { ...client, id: 'garbage' },
        { ...client, id: '%' },
        { ...client, id: '\0' },
        { ...client, id: "' OR 1=1 --" },
        { ...client, id: '🔑'.repeat(100) },
      ];

      const bodies = new Set<string>();
      for (const impostor of impostors) {
        for (const response of [await askForToken(app, impostor), await inBody(impostor)]) {
          expect({ id: impostor.id, status: response.status }).toEqual({ id: impostor.id, status: 401 });
          expectInvalidClient(response);
          bodies.add(response.text);
        }
      }
      expect(bodies.size).toBe(1);
    });

    it('answers 401 invalid_client to no client at all, and to a name without a secret', async () => {
      const { id } = await makeClient(app);

      expectInvalidClient(await postForm(app, '/oauth/token', GRANT).expect(401));
      expectInvalidClient(await postForm(app, '/oauth/token', { ...GRANT, client_id: id }).expect(401));
      expectInvalidClient(
        await postForm(app, '/oauth/token', { ...GRANT, client_id: id, client_secret: '' }).expect(401),
      );
    });

    it('answers 401 invalid_client to other schemes and to Basic that cannot be read, and records each without a client', async () => {
      const { token } = await signUp(app);
      const { id, secret } = await makeClient(app);
      const encode = (text: string) => Buffer.from(text).toString('base64');
      const headers = [
        `Bearer ${token}`,
        'Digest username="ada"',
        'Basic',
        'Basic ',
        'Basic !',
        `Basic ${encode(id)}`,
        `Basic ${encode(`${id}:%`)}`,
        `Basic ${encode(`${id}:%ff`)}`,
        `Basic ${encode(`${id}:${secret}`)} x`,
        `Basic ${encode(`:${secret}`)}`,
        `Basic ${encode(':')}`,
        'garbage',
      ];
      await app.clientRefusals.flush();
      const before = (await recorded(app, 'client.refused', null)).length;

      for (const header of headers) {
        const response = await postForm(app, '/oauth/token', GRANT).set('Authorization', header);
        expect({ header, status: response.status }).toEqual({ header, status: 401 });
        expectInvalidClient(response);
      }
      await app.clientRefusals.flush();
      const entries = await recorded(app, 'client.refused', null);
      expect(entries).toHaveLength(before + 1);
      expect(entries[0]).toMatchObject({ details: { count: headers.length } });
    });

    it('answers 401 invalid_client to an expired client from the very second on', async () => {
      const end = Math.ceil(app.clock.now() / 1000) * 1000 + 10_000;
      const client = await makeClient(app, { expires_at: new Date(end).toISOString() });

      app.clock.advanceSeconds((end - app.clock.now()) / 1000 - 1);
      await askForToken(app, client).expect(200);
      app.clock.advanceSeconds(1);
      expectInvalidClient(await askForToken(app, client).expect(401));
      app.clock.advanceSeconds(1_000);
      expectInvalidClient(await askForToken(app, client).expect(401));
    });

    it('answers 401 invalid_client to a client that refreshes with a wrong secret, and the refresh token is not used up', async () => {
      const client = await makeClient(app);
      const { refreshToken } = await signUp(app);
      const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken };

      const wrong = { ...client, secret: 'wrong' };
      expectInvalidClient(await postForm(app, '/oauth/token', parameters, wrong).expect(401));

      const { body } = await postForm(app, '/oauth/token', parameters).expect(200);
      expect(body.refresh_token.split('.')[1]).toBe('1');
    });

    it('records refusals once a minute, for the client that was named or without one', async () => {
      await app.clientRefusals.flush();
      const client = await makeClient(app);
      const before = (await recorded(app, 'client.refused', null)).length;

      await askForToken(app, { ...client, secret: 'wrong' }).expect(401);
      await askForToken(app, { ...client, id: randomUUID() }).expect(401);
      await askForToken(app, { ...client, id: 'ada@example.com' }).expect(401);

      expect(await recorded(app, 'client.refused', client.id)).toEqual([]);
      await app.clientRefusals.flush();
      const entry = {
        actorType: 'anonymous',
        actorId: null,
        outcome: 'failure',
        ip: expect.any(String),
        requestId: expect.any(String),
        details: { count: 1 },
      };
      expect(await recorded(app, 'client.refused', client.id)).toEqual([entry]);
      const ofNoUser = await recorded(app, 'client.refused', null);
      expect(ofNoUser).toHaveLength(before + 1);
      expect(ofNoUser[0]).toEqual({ ...entry, details: { count: 2 } });
    });

    it('answers 401 invalid_client after the same statements, whether or not there is such a client', async () => {
      const client = await makeClient(app);
      const query = jest.spyOn(app.database.sequelize, 'query');
      const statements = async (id: string) => {
        query.mockClear();
        await askForToken(app, { id, secret: 'wrong' }).expect(401);
        return query.mock.calls.map(([sql]) =>
          (typeof sql === 'string' ? sql : sql.query).replaceAll(/'[^']*'/g, '?'),
        );
      };

      const known = await statements(client.id);
      expect(await statements(randomUUID())).toEqual(known);
      expect(await statements('garbage')).toEqual(known);
      expect(known.length).toBeGreaterThan(2);
      query.mockRestore();
    });
  });
});
