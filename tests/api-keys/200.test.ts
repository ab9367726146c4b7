import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /api-keys', () => {
    const app = useApp(kind);

    async function idsOf(token: string): Promise<string[]> {
      const { body } = await app.get('/api-keys').auth(token, { type: 'bearer' }).expect(200);
      return body.api_keys.map(({ id }: { id: string }) => id);
    }

    it('answers 200 with an empty list at first', async () => {
      const { token } = await signUp(app);

      expect(await idsOf(token)).toEqual([]);
    });

    it('answers 200 with what each key shows, the latest first, and never a key or its hash', async () => {
      const { token } = await signUp(app);
      const first = await makeKey(app, token, { name: 'first', expires_at: '2099-01-01T00:00:00.000Z' });
      app.clock.advanceSeconds(1);
      const second = await makeKey(app, token, { name: 'second', scope: '' });

      const { body, text } = await app.get('/api-keys').auth(token, { type: 'bearer' }).expect(200);

      expect(body).toEqual({
        api_keys: [
          {
            id: second.id,
            name: 'second',
            prefix: second.key.slice(0, 7),
            last_four: second.key.slice(-4),
            scope: '',
            expires_at: null,
            last_used_at: null,
            created_at: new Date(app.clock.now()).toISOString(),
          },
          {
            id: first.id,
            name: 'first',
            prefix: first.key.slice(0, 7),
            last_four: first.key.slice(-4),
            scope: null,
            expires_at: '2099-01-01T00:00:00.000Z',
            last_used_at: null,
            created_at: new Date(app.clock.now() - 1000).toISOString(),
          },
        ],
      });
      for (const { key } of [first, second]) expect(text).not.toContain(key.slice(7, -4));
    });

    it('answers 200 without the keys of other users, deleted ones and those that have expired', async () => {
      const { token } = await signUp(app);
      const other = await makeKey(app, (await signUp(app)).token);
      const deleted = await makeKey(app, token);
      const soon = new Date(app.clock.now() + 1000).toISOString();
      const expiring = await makeKey(app, token, { expires_at: soon });
      const kept = await makeKey(app, token);
      expect(await idsOf(token)).toContain(expiring.id);

      await app.delete(`/api-keys/${deleted.id}`).auth(token, { type: 'bearer' }).expect(204);
      app.clock.advanceSeconds(1);

      expect(await idsOf(token)).toEqual([kept.id]);
      expect(await idsOf(token)).not.toContain(other.id);
    });
  });

  describe('GET /api-keys/{id}', () => {
    const app = useApp(kind);

    it('answers 200 with that key, as the list has it', async () => {
      const { token } = await signUp(app);
      const { id } = await makeKey(app, token);
      await makeKey(app, token);

      const { body } = await app.get(`/api-keys/${id}`).auth(token, { type: 'bearer' }).expect(200);

      const { body: list } = await app.get('/api-keys').auth(token, { type: 'bearer' }).expect(200);
      expect(list.api_keys).toContainEqual(body);
      expect(body.id).toBe(id);
    });
  });
});
