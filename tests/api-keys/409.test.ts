import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const MAX_KEYS = 50;

onEachDatabase((kind) => {
  describe('POST /api-keys', () => {
    const app = useApp(kind);

    function create(token: string) {
      return app.post('/api-keys').auth(token, { type: 'bearer' }).send({ name: 'k' });
    }

    async function signUpWithKeys(count: number, wish: object = {}) {
      const person = await signUp(app);
      const keys = [];
      for (let made = 0; made < count; made++) keys.push(await makeKey(app, person.token, wish));
      return { ...person, keys };
    }

    it('answers 409 to the 51st key of a user, until one is deleted, and touches no other user', async () => {
      const { token, keys } = await signUpWithKeys(MAX_KEYS);

      const { body } = await create(token).expect(409);

      expect(body.code).toBe('too_many_api_keys');
      await create((await signUp(app)).token).expect(201);
      await app.delete(`/api-keys/${keys[7]?.id}`).auth(token, { type: 'bearer' }).expect(204);
      await create(token).expect(201);
      await create(token).expect(409);
    });

    it('answers 409 to no more than the surplus of many that are asked for at once', async () => {
      const { id, token } = await signUpWithKeys(MAX_KEYS - 2);

      const answers = await Promise.all(Array.from({ length: 8 }, () => create(token)));

      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, ...Array(6).fill(409)]);
      expect(await app.models.apiKeys.count({ where: { userId: id } })).toBe(MAX_KEYS);
      const created = { actorId: id, type: 'api_key.created' as const };
      expect(await app.store.audit.list(created, 100, undefined)).toHaveLength(MAX_KEYS);
    });

    it('answers 201 to a user whose other keys have expired', async () => {
      const soon = new Date(app.clock.now() + 60_000).toISOString();
      const { token } = await signUpWithKeys(MAX_KEYS, { expires_at: soon });
      await create(token).expect(409);

      app.clock.advanceSeconds(60);

      await create(token).expect(201);
    });
  });
});
