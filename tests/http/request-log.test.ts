import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('The log line of a request', () => {
    const app = useApp(kind);

    it.each([
      [`/me?access_token=${CANARY}`, '/me'],
      [`/me%3Faccess_token=${CANARY}`, null],
      [`/me;access_token=${CANARY}`, null],
      [`/sessions/${CANARY}`, '/sessions/:id'],
      [`/${CANARY}`, null],
    ])('has for %s the route %s and nothing of what stood in the path', async (path, route) => {
      const linesBefore = app.logs.lines.length;
      await app.get(path);

      const [entry] = app.logs.entries().slice(linesBefore);
      expect(entry).toMatchObject({ req: { method: 'GET' }, route });
      expect(JSON.stringify(entry)).not.toContain(CANARY);
    });

    it('says why it was refused, by the code of the answer', async () => {
      const linesBefore = app.logs.lines.length;
      await app.get('/me').expect(401);
      await app
        .post('/login')
        .send({ email: aPerson().email, password: `${CANARY} wrong` })
        .expect(401);
      await app.post('/signup').send({}).expect(400);
      await app.post('/oauth/token').type('form').send({ grant_type: 'client_credentials' }).expect(401);

      const requests = app.logs
        .entries()
        .slice(linesBefore)
        .filter(({ res }) => res !== undefined);
      expect(requests.map(({ code }) => code)).toEqual([
        'token_missing',
        'invalid_credentials',
        'validation_failed',
        'invalid_client',
      ]);
      expect(requests.filter((entry) => 'ip' in entry)).toEqual([]);
    });

    it('has no code where it was answered', async () => {
      const linesBefore = app.logs.lines.length;
      await app.get('/openapi.json').expect(200);

      expect(
        app.logs
          .entries()
          .slice(linesBefore)
          .map((entry) => 'code' in entry),
      ).toEqual([false]);
    });
  });

  describe('The log line of a request over a limit', () => {
    const app = useApp(kind, { RATE_LIMIT_LOGIN_IP: '1/60', RATE_LIMIT_TOKEN: '1/60' });

    it('names the limit and the address, refused before Express or after', async () => {
      const { token, email, password } = await signUp(app);
      const logIn = () => app.post('/login').send({ email, password });
      const me = () => app.get('/me').auth(token, { type: 'bearer' });
      await Promise.all([logIn().expect(200), me().expect(200)]);
      const linesBefore = app.logs.lines.length;

      await logIn().expect(429);
      await me().expect(429);

      const code = 'rate_limited';
      expect(app.logs.entries().slice(linesBefore)).toEqual([
        expect.objectContaining({ code, route: '/login', policy: 'login-ip', ip: '127.0.0.1' }),
        expect.objectContaining({ code, route: '/me', policy: 'token', ip: '127.0.0.1' }),
      ]);
    });
  });
});
