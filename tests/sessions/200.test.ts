import { describe, expect, it } from '@jest/globals';
import { type TestApp, useApp } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';

interface Listed {
  readonly id: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly current: boolean;
}

async function list(app: TestApp, token: string): Promise<Listed[]> {
  const { body } = await app.get('/sessions').auth(token, { type: 'bearer' }).expect(200);
  return body.sessions;
}

onEachDatabase((kind) => {
  describe('GET /sessions', () => {
    const app = useApp(kind);

    async function logIn({ email, password }: { email: string; password: string }, userAgent = 'Test/1.0') {
      const { body } = await app
        .post('/login')
        .set('User-Agent', userAgent)
        .send({ email, password })
        .expect(200);
      const token = body.access_token as string;
      return { token, refreshToken: body.refresh_token as string, sessionId: claimsIn(token).sid };
    }

    it('answers 200 with everything that a session shows, and nothing more', async () => {
      const { body } = await app
        .post('/signup')
        .set('User-Agent', 'Browser/7 (Desk)')
        .send(aPerson())
        .expect(201);
      const born = app.clock.now();

      const response = await app.get('/sessions').auth(body.access_token, { type: 'bearer' }).expect(200);

      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toEqual({
        sessions: [
          {
            id: expect.stringMatching(
              /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            ),
            method: 'password',
            transport: 'token',
            user_agent: 'Browser/7 (Desk)',
            ip: '127.0.0.1',
            created_at: new Date(born).toISOString(),
            last_used_at: new Date(born).toISOString(),
            expires_at: new Date(born + 2_592_000_000).toISOString(),
            current: true,
          },
        ],
        remembered_devices: [],
      });
    });

    it('answers 200 with the session of each login, the latest used first, and says which one asks', async () => {
      const person = await signUp(app);
      app.clock.advanceSeconds(10);
      const second = await logIn(person);
      app.clock.advanceSeconds(10);
      const third = await logIn(person);
      app.clock.advanceSeconds(10);
      await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);

      const sessions = await list(app, second.token);

      expect(sessions.map(({ id, current }) => [id, current])).toEqual([
        [person.sessionId, false],
        [third.sessionId, false],
        [second.sessionId, true],
      ]);
    });

    it('answers 200 with the minute of the latest refresh, and the end that it moved', async () => {
      const { token, refreshToken } = await signUp(app);
      const born = app.clock.now();
      app.clock.advanceSeconds(300);
      const used = app.clock.now();
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

      const { body } = await app.get('/sessions').auth(token, { type: 'bearer' }).expect(200);

      expect(body.sessions[0]).toMatchObject({
        created_at: new Date(born).toISOString(),
        last_used_at: new Date(used - (used % 60_000)).toISOString(),
        expires_at: new Date(born + 2_592_300_000).toISOString(),
      });
    });

    it('answers 200 with no latest use before the login, also where both were within one minute', async () => {
      const { token, refreshToken } = await signUp(app);
      await app.post('/refresh').send({ refresh_token: refreshToken }).expect(200);

      const { body } = await app.get('/sessions').auth(token, { type: 'bearer' }).expect(200);

      expect(body.sessions[0].last_used_at).toBe(body.sessions[0].created_at);
    });

    it('answers 200 without sessions that were logged out', async () => {
      const person = await signUp(app);
      const other = await logIn(person);
      await app.post('/logout').auth(other.token, { type: 'bearer' }).expect(204);

      const sessions = await list(app, person.token);

      expect(sessions.map(({ id }) => id)).toEqual([person.sessionId]);
    });

    it('answers 200 without sessions that have expired', async () => {
      const person = await signUp(app);
      app.clock.advanceSeconds(2_592_000);
      const fresh = await logIn(person);

      const sessions = await list(app, fresh.token);

      expect(sessions.map(({ id }) => id)).toEqual([fresh.sessionId]);
    });

    it('answers 200 without the sessions of other users', async () => {
      const [one, other] = [await signUp(app), await signUp(app)];

      const ids = (await list(app, one.token)).map(({ id }) => id);

      expect(ids).toEqual([one.sessionId]);
      expect(ids).not.toContain(other.sessionId);
    });

    it.each<[what: string, sent: string, kept: string]>([
      ['of 600 characters, cut to 512', 'x'.repeat(600), 'x'.repeat(512)],
      ['with markup in it, as it is', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ])('answers 200 with a user agent %s', async (_what, sent, kept) => {
      const person = await signUp(app);
      const { token, sessionId } = await logIn(person, sent);

      const sessions = await list(app, token);

      expect(sessions.find(({ id }) => id === sessionId)?.user_agent).toBe(kept);
    });

    it('answers 200 with null where the client names no user agent', async () => {
      const { body } = await app.post('/signup').unset('User-Agent').send(aPerson()).expect(201);

      expect(await list(app, body.access_token)).toMatchObject([{ user_agent: null }]);
    });

    it('answers 200 with the address of the connection, whatever X-Forwarded-For claims', async () => {
      const { body } = await app
        .post('/signup')
        .set('X-Forwarded-For', '198.51.100.1')
        .set('X-Real-IP', '198.51.100.2')
        .set('Forwarded', 'for=198.51.100.3')
        .send(aPerson())
        .expect(201);

      expect(await list(app, body.access_token)).toMatchObject([{ ip: '127.0.0.1' }]);
    });
  });

  describe('GET /sessions behind one proxy', () => {
    const app = useApp(kind, { TRUST_PROXY: '1' });

    it.each<[header: string, ip: string]>([
      ['203.0.113.7', '203.0.113.7'],
      ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
      ['127.0.0.1, 10.0.0.1, 203.0.113.7', '203.0.113.7'],
      ['2001:db8::7', '2001:db8::7'],
    ])('answers 200 with what the proxy put last into X-Forwarded-For: %s', async (header, ip) => {
      const { body } = await app.post('/signup').set('X-Forwarded-For', header).send(aPerson()).expect(201);

      expect(await list(app, body.access_token)).toMatchObject([{ ip }]);
    });
  });
});
