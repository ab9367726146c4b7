import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onOneDatabase((kind) => {
  describe('POST /logout', () => {
    const app = useApp(kind);

    it.each(['scope=', 'scope=all', 'scope=Local', 'scope=local&scope=global', 'scope=local,global'])(
      'answers 400 to the query %s, and ends nothing',
      async (query) => {
        const { token } = await signUp(app);

        const { body } = await app.post(`/logout?${query}`).auth(token, { type: 'bearer' }).expect(400);

        expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/scope' }] });
        await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
      },
    );

    it.each<[body: object, pointer: string, code: string]>([
      [{ refresh_token: 1 }, '/refresh_token', 'wrong_type'],
      [{ refresh_token: null }, '/refresh_token', 'wrong_type'],
      [{ refresh_token: ['TOKEN'] }, '/refresh_token', 'wrong_type'],
      [{ scope: 'global' }, '/scope', 'unknown_field'],
      [[], '', 'wrong_type'],
    ])('answers 400 to the body %j, and ends nothing', async (body, pointer, code) => {
      const { token } = await signUp(app);

      const response = await app.post('/logout').auth(token, { type: 'bearer' }).send(body).expect(400);

      expect(response.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 400 to an Authorization header that is malformed, although a refresh token is there', async () => {
      const { refreshToken, token } = await signUp(app);

      const { body } = await app
        .post('/logout')
        .set('Authorization', 'Bearer one two')
        .send({ refresh_token: refreshToken })
        .expect(400);

      expect(body.code).toBe('invalid_request');
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });
  });
});
