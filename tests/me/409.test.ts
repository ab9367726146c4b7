import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aUsername, signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('PATCH /me', () => {
    const app = useApp(kind);

    it('answers 409 to a username that is taken, in any case, and changes nothing', async () => {
      const { username = '' } = await signUp(app, { username: aUsername() });
      const { token } = await signUp(app, { username: aUsername(), name: 'Ada' });
      const before = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      app.clock.advanceSeconds(1);

      for (const taken of [username, username.toUpperCase()]) {
        const response = await app
          .patch('/me')
          .auth(token, { type: 'bearer' })
          .send({ username: taken, name: 'Eve' })
          .expect(409);

        expect(response.type).toBe('application/problem+json');
        expect(response.body).toMatchObject({ status: 409, code: 'username_taken' });
      }
      const after = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
      expect(after.body).toEqual(before.body);
    });

    it('answers 409 to the username of a disabled account, which keeps it', async () => {
      const { id, username } = await signUp(app, { username: aUsername() });
      await app.models.users.update({ disabledAt: new Date() }, { where: { id } });
      const { token } = await signUp(app);

      const response = await app.patch('/me').auth(token, { type: 'bearer' }).send({ username }).expect(409);

      expect(response.body.code).toBe('username_taken');
    });

    it('answers 409 to all but one of ten who race for one username', async () => {
      const people = await Promise.all(Array.from({ length: 10 }, () => signUp(app)));
      const username = aUsername();

      const responses = await Promise.all(
        people.map(({ token }) => app.patch('/me').auth(token, { type: 'bearer' }).send({ username })),
      );

      const statuses = responses.map((response) => response.status).sort();
      expect(statuses).toEqual([200, ...Array<number>(9).fill(409)]);
    });
  });
});
