import { describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('DELETE /api-keys/{id}', () => {
    const app = useApp(kind);

    function remove(id: string, token: string) {
      return app.delete(`/api-keys/${id}`).auth(token, { type: 'bearer' });
    }

    it('answers 204 with no body; the key is refused at once, also where it was in use, and other keys go on', async () => {
      const { token } = await signUp(app);
      const [used, unused, other] = [
        await makeKey(app, token),
        await makeKey(app, token),
        await makeKey(app, token),
      ];
      await app.get('/verify').auth(used.key, { type: 'bearer' }).expect(200);

      const response = await remove(used.id, token).expect(204);
      await remove(unused.id, token).expect(204);

      expect(response.text).toBe('');
      for (const { key } of [used, unused, used, unused]) {
        const { body } = await app.get('/verify').auth(key, { type: 'bearer' }).expect(401);
        expect(body.code).toBe('token_revoked');
      }
      await app.get('/verify').auth(other.key, { type: 'bearer' }).expect(200);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('ends the key for good: it is refused when what was known of it is long forgotten', async () => {
      const { token } = await signUp(app);
      const { id, key } = await makeKey(app, token);
      await remove(id, token).expect(204);

      for (const seconds of [31, 600, 86_400]) {
        app.clock.advanceSeconds(seconds);
        await app.follower.prune();
        const { body } = await app.get('/verify').auth(key, { type: 'bearer' }).expect(401);
        expect(body.code).toBe('token_revoked');
      }
    });

    it('answers 204 to one of two who ask at once; the other hears 404, and it is recorded once', async () => {
      const { token } = await signUp(app);
      const { id } = await makeKey(app, token);

      const answers = await Promise.all([remove(id, token), remove(id, token)]);

      expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
      expect(await app.models.revocations.count({ where: { subjectId: id, kind: 'key' } })).toBe(1);
      const deleted = { subjectId: id, type: 'api_key.deleted' as const };
      expect(await app.store.audit.list(deleted, 10, undefined)).toHaveLength(1);
    });

    it('records who did it', async () => {
      const { id: userId, token, sessionId } = await signUp(app);
      const { id } = await makeKey(app, token);

      const { headers } = await remove(id, token).set('User-Agent', 'Test/2.0').expect(204);

      const [event] = await app.store.audit.list({ subjectId: id }, 1, undefined);
      expect(event).toMatchObject({
        type: 'api_key.deleted',
        outcome: 'success',
        actor: { type: 'user', id: userId },
        sessionId,
        ip: '127.0.0.1',
        userAgent: 'Test/2.0',
        requestId: headers['x-request-id'],
      });
    });
  });
});
