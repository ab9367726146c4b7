import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../src/app.ts';
import { anAdmin, ledgerOf } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { KEY_REMOVAL, ROUTES_OF_A_USER, send } from './routes.ts';

const ABOUT_A_USER = [...ROUTES_OF_A_USER, KEY_REMOVAL];
const NOBODY = '01980000-0000-7000-8000-00000000000a';

onEachDatabase((kind) => {
  describe('A user id without an account', () => {
    const app = useApp(kind);

    it('is tried at every route about a user', () => {
      const routes = allRoutes().filter(({ path }) => path.startsWith('/admin/users/{id}'));

      expect(ABOUT_A_USER.map(({ name }) => name).sort()).toEqual(
        routes.map(({ method, path }) => `${method} ${path}`).sort(),
      );
    });

    it.each(ABOUT_A_USER)(
      'answers 404 user_not_found to $name with an unknown id, and records nothing',
      async (route) => {
        const { token } = await anAdmin(app);

        const response = await send(app, route, { id: NOBODY, sessionId: NOBODY }, token);

        expect(response.status).toBe(404);
        expect(response.body.code).toBe('user_not_found');
        expect(await ledgerOf(app).list({ subjectId: NOBODY }, 50, undefined)).toEqual([]);
      },
    );

    it.each(ABOUT_A_USER)('answers 404 user_not_found to $name with what is no id', async (route) => {
      const { token } = await anAdmin(app);

      for (const id of ['1', 'me', 'x'.repeat(500), '%27%20OR%201=1', `${NOBODY}0`, '%00']) {
        const response = await send(app, route, { id, sessionId: NOBODY }, token);
        expect(response.status).toBe(404);
        expect(response.body.code).toBe('user_not_found');
      }
    });

    it.each(ABOUT_A_USER)('answers 404 user_not_found to $name about a deleted user', async (route) => {
      const { token } = await anAdmin(app);
      const target = await signUp(app);
      await app.delete(`/admin/users/${target.id}`).auth(token, { type: 'bearer' }).expect(204);

      const response = await send(app, route, target, token);

      expect(response.status).toBe(404);
      expect(response.body.code).toBe('user_not_found');
    });
  });
});
