import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { makeKey, setRoles } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('GET /admin/audit', () => {
    const app = useApp(kind);

    const search = (token: string) => app.get('/admin/audit').auth(token, { type: 'bearer' });

    it('answers 403 to a user without audit:read, and names it', async () => {
      const { token } = await signUp(app);

      const { body, headers } = await search(token).expect(403);

      expect(body.code).toBe('insufficient_scope');
      expect(headers['www-authenticate']).toContain('scope="audit:read"');
    });

    it('answers 403 to an API key that is not for it, even of an administrator', async () => {
      const { token } = await anAdmin(app);
      const { key } = await makeKey(app, token, { scope: 'users:list' });

      const { body } = await search(key).expect(403);

      expect(body.code).toBe('insufficient_scope');
    });

    it('answers 401 to the token of a user who was an administrator when they logged in', async () => {
      const { id, token } = await anAdmin(app);
      await search(token).expect(200);

      await setRoles(app, id, ['user']);

      const { body } = await search(token).expect(401);
      expect(body.code).toBe('token_revoked');
    });

    it('answers 401 without a token', async () => {
      const { body } = await app.get('/admin/audit').expect(401);

      expect(body.code).toBe('token_missing');
    });
  });
});
