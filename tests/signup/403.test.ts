import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /signup with SIGNUP_DISABLED=true', () => {
    const app = useApp(kind, { SIGNUP_DISABLED: 'true' });

    it('answers 403 and creates no account', async () => {
      const response = await app.post('/signup').send(aPerson()).expect(403);

      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 403, code: 'signup_disabled' });
      expect(response.body).not.toHaveProperty('access_token');
      expect(await app.models.users.count()).toBe(0);
    });

    it('answers 403 to an address that has an account too, which still logs in', async () => {
      const { email, password } = aPerson();
      await app.models.users.create({
        id: '01890000-0000-7000-8000-000000000001',
        email,
        emailCanonical: email,
        passwordHash: await bcrypt.hash(password, 4),
        createdAt: new Date(),
        updatedAt: new Date(),
      });

      const response = await app.post('/signup').send({ email, password }).expect(403);

      expect(response.body.code).toBe('signup_disabled');
      await app.post('/login').send({ email, password }).expect(200);
    });
  });
});
