import { describe, expect, it } from '@jest/globals';
import { anAdmin, OPERATOR, userAdminOf } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { ROUTES, send } from './routes.ts';

onEachDatabase((kind) => {
  describe('Without a good token', () => {
    const app = useApp(kind);

    it.each(ROUTES)('answers 401 to $name without a token', async (route) => {
      const response = await send(app, route, await signUp(app));

      expect(response.status).toBe(401);
      expect(response.body.code).toBe('token_missing');
      expect(response.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
    });

    it.each(ROUTES)(
      'answers 401 to $name of an administrator who was disabled a moment ago',
      async (route) => {
        await anAdmin(app);
        const admin = await anAdmin(app);
        await userAdminOf(app).disable(admin.id, OPERATOR);

        const response = await send(app, route, await signUp(app), admin.token);

        expect(response.status).toBe(401);
        expect(response.body.code).toBe('token_revoked');
      },
    );
  });
});
