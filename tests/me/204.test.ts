import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { linkProvider } from '../support/identities.ts';
import { aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe.each([
    ['delete', '/me'],
    ['post', '/me/delete'],
  ] as const)('Deleting an account by %s %s', (method, path) => {
    const app = useApp(kind);

    async function remove(token: string, password: string) {
      return app[method](path).auth(token, { type: 'bearer' }).send({ password }).expect(204);
    }

    it('answers 204 with no body, and the account is gone', async () => {
      const { id, token, password } = await signUp(app);

      const response = await remove(token, password);

      expect(response.text).toBe('');
      expect(response.headers).not.toHaveProperty('content-type');
      expect(await app.models.users.findByPk(id)).toBeNull();
    });

    it('refuses every login to it from then on', async () => {
      const { email, username, token, password } = await signUp(app, { username: aUsername() });

      await remove(token, password);

      await app.post('/login').send({ email, password }).expect(401);
      await app.post('/login').send({ username, password }).expect(401);
    });

    it('ends its tokens', async () => {
      const { email, token, password } = await signUp(app);
      const login = await app.post('/login').send({ email, password }).expect(200);

      await remove(token, password);

      for (const dead of [token, login.body.access_token]) {
        await app.get('/me').auth(dead, { type: 'bearer' }).expect(401);
      }
    });

    it('frees its email address and username for a new account', async () => {
      const username = aUsername();
      const before = await signUp(app, { username });

      await remove(before.token, before.password);

      const { email, password } = before;
      const after = await signUp(app, { email, password, username });
      expect(after.id).not.toBe(before.id);
      await app.get('/me').auth(before.token, { type: 'bearer' }).expect(401);
    });

    it('removes its accounts at providers, which are then free for a new account', async () => {
      const { id, token, password } = await signUp(app);
      const other = await signUp(app);
      const { provider, issuer, subject } = await linkProvider(app, id);

      await remove(token, password);

      expect(await app.store.identities.list(id)).toEqual([]);
      await linkProvider(app, other.id, { provider, issuer, subject });
    });

    it('leaves every other account in place', async () => {
      const other = await signUp(app);
      const { token, password } = await signUp(app);

      await remove(token, password);

      await app.get('/me').auth(other.token, { type: 'bearer' }).expect(200);
    });

    it('answers 204 for a password whose hash came from another system', async () => {
      const { id, token, password } = await signUp(app);
      await app.models.users.update({ passwordHash: await bcrypt.hash(password, 4) }, { where: { id } });

      await remove(token, password);
    });

    it('answers 204 without a password, and without a body, where the account has none', async () => {
      for (const body of [{}, undefined]) {
        const { id, token } = await signUp(app);
        await app.models.users.update({ passwordHash: null }, { where: { id } });

        await app[method](path).auth(token, { type: 'bearer' }).send(body).expect(204);

        expect(await app.models.users.findByPk(id)).toBeNull();
        await app.get('/me').auth(token, { type: 'bearer' }).expect(401);
      }
    });

    it('answers 204 to one of two who ask at once, of whom the other hears 401 or 403', async () => {
      const { token, password } = await signUp(app);

      const responses = await Promise.all(
        [1, 2].map(() => app[method](path).auth(token, { type: 'bearer' }).send({ password })),
      );

      const [winner, loser] = responses.map((response) => response.status).sort();
      expect(winner).toBe(204);
      expect([401, 403]).toContain(loser);
    });
  });
});
