import { describe, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;
const MAX_FAILURES = 3;
/** Longer than any wrong password makes the next one wait. */
const LONG_SECONDS = 901;

onEachDatabase((kind) => {
  describe('POST /admin/users/{id}/unlock', () => {
    const app = useApp(kind, { LOGIN_FREE_FAILURES: '1', LOGIN_MAX_FAILURES: String(MAX_FAILURES) });

    it('makes a locked account take its password again', async () => {
      const { id, email, password } = await signUp(app);
      for (let tries = 0; tries < MAX_FAILURES; tries++) {
        await app
          .post('/login')
          .send({ email, password: `${CANARY} wrong` })
          .expect(401);
        app.clock.advanceSeconds(LONG_SECONDS);
      }
      await app.post('/login').send({ email, password }).expect(401);
      const { token } = await anAdmin(app);

      await app.post(`/admin/users/${id}/unlock`).auth(token, auth).expect(204);
      app.clock.advanceSeconds(LONG_SECONDS);

      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 204 for a user who was not locked', async () => {
      const { token } = await anAdmin(app);
      const { id, email, password } = await signUp(app);

      await app.post(`/admin/users/${id}/unlock`).auth(token, auth).expect(204);

      await app.post('/login').send({ email, password }).expect(200);
    });
  });
});
