import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /me/password', () => {
    const app = useApp(kind);

    it('answers 401 to no credential but the right password, which stays as it is', async () => {
      const { email, password } = await signUp(app);

      const response = await app
        .post('/me/password')
        .send({ current_password: password, new_password: aPerson().password })
        .expect(401);

      expect(response.body.code).toBe('token_missing');
      expect(response.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 401 to a token in the body or the query, which is never read', async () => {
      const { email, password, token } = await signUp(app);
      const body = { current_password: password, new_password: aPerson().password };

      await app
        .post('/me/password')
        .send({ ...body, access_token: token })
        .expect(401);
      await app.post('/me/password').query({ access_token: token }).send(body).expect(401);

      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 401 to no credential before it looks at the fields', async () => {
      const response = await app.post('/me/password').send({ new_password: 'short' }).expect(401);

      expect(response.body.code).toBe('token_missing');
    });

    it('answers 401 to a disabled account, whose password stays as it is', async () => {
      const { id, email, password, token } = await signUp(app);
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });

      const response = await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: aPerson().password })
        .expect(401);

      expect(response.body.code).toBe('token_revoked');
      await app.models.users.update({ disabledAt: null }, { where: { id } });
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('answers 401 to a deleted account', async () => {
      const { id, password, token } = await signUp(app);
      await app.models.users.destroy({ where: { id } });

      const response = await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: aPerson().password })
        .expect(401);

      expect(response.body.code).toBe('token_revoked');
    });

    it('answers 401 to an expired token', async () => {
      const { email, password, token } = await signUp(app);
      app.clock.advanceSeconds(960);

      const response = await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password: password, new_password: aPerson().password })
        .expect(401);

      expect(response.body).toMatchObject({
        code: 'token_expired',
        detail: 'The access token expired 60 seconds ago.',
      });
      await app.post('/login').send({ email, password }).expect(200);
    });
  });
});
