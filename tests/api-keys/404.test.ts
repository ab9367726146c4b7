import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe.each(['get', 'delete'] as const)('%s /api-keys/{id}', (method) => {
    const app = useApp(kind);

    async function refuse(id: string, token: string): Promise<void> {
      const { body } = await app[method](`/api-keys/${id}`).auth(token, { type: 'bearer' }).expect(404);
      expect(body.code).toBe('api_key_not_found');
    }

    it.each(['nonsense', '01890000-0000-7000-8000-000000000001', "'%20OR%201=1", '%00', 'lk_', '..%2Fme'])(
      'answers 404 to %j, which is the id of nothing',
      async (id) => {
        await refuse(id, (await signUp(app)).token);
      },
    );

    it("answers 404 to another user's key, which goes on", async () => {
      const { id, key } = await makeKey(app, (await signUp(app)).token);

      await refuse(id, (await signUp(app)).token);

      await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);
    });

    it('answers 404 to a key that was deleted', async () => {
      const { token } = await signUp(app);
      const { id } = await makeKey(app, token);
      await app.delete(`/api-keys/${id}`).auth(token, { type: 'bearer' }).expect(204);

      await refuse(id, token);
    });

    it('answers 404 to a key that has expired', async () => {
      const { token } = await signUp(app);
      const { id } = await makeKey(app, token, { expires_at: new Date(app.clock.now() + 1).toISOString() });
      app.clock.advanceSeconds(1);

      await refuse(id, token);
    });

    it('answers 404 to the key itself in place of its id, and repeats it nowhere', async () => {
      const { token } = await signUp(app);
      const { key } = await makeKey(app, token);

      await refuse(key, token);

      expect(app.logs.lines.join('')).not.toContain(key);
    });
  });
});
