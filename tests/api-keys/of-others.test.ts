import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin, userWho } from '../support/admins.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

onEachDatabase((kind) => {
  describe('GET /admin/users/{id}/api-keys', () => {
    const app = useApp(kind);

    it('answers 200 with the live keys of that user and no others, and never a key itself', async () => {
      const { token } = await anAdmin(app);
      const [person, stranger] = [await signUp(app), await signUp(app)];
      const { id, key } = await makeKey(app, person.token, { name: 'Backup' });
      await makeKey(app, stranger.token);

      const { body } = await app.get(`/admin/users/${person.id}/api-keys`).auth(token, as).expect(200);

      expect(body.api_keys).toMatchObject([{ id, name: 'Backup' }]);
      expect(JSON.stringify(body)).not.toContain(key);
    });
  });

  describe('DELETE /admin/users/{id}/api-keys/{key_id}', () => {
    const app = useApp(kind);

    it('answers 204, the key is refused at once, and the audit log tells by whom', async () => {
      const admin = await anAdmin(app);
      const person = await signUp(app);
      const { id, key } = await makeKey(app, person.token);
      await app.get('/verify').auth(key, as).expect(200);

      await app.delete(`/admin/users/${person.id}/api-keys/${id}`).auth(admin.token, as).expect(204);

      const { body } = await app.get('/verify').auth(key, as).expect(401);
      expect(body.code).toBe('token_revoked');
      const [entry] = await app.store.audit.list({ subjectId: id }, 1, undefined);
      expect(entry).toMatchObject({ type: 'api_key.deleted', actor: { type: 'user', id: admin.id } });
    });

    it('answers 404 to the key of another user, to one that is gone and to what is no id', async () => {
      const { token } = await anAdmin(app);
      const [person, stranger] = [await signUp(app), await signUp(app)];
      const { id, key } = await makeKey(app, stranger.token);

      for (const keyId of [id, randomUUID(), 'key']) {
        const path = `/admin/users/${person.id}/api-keys/${keyId}`;
        const { body } = await app.delete(path).auth(token, as).expect(404);
        expect(body.code).toBe('api_key_not_found');
      }
      await app.get('/verify').auth(key, as).expect(200);
    });

    it('answers 403 to a caller that may do less than the owner', async () => {
      const admin = await anAdmin(app);
      const helper = await userWho(app, ['api-keys:delete']);
      const { id, key } = await makeKey(app, admin.token);

      await app.delete(`/admin/users/${admin.id}/api-keys/${id}`).auth(helper.token, as).expect(403);

      await app.get('/verify').auth(key, as).expect(200);
    });
  });
});
