import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername } from '../support/people.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

onEachDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind);

    it('answers 201 with the account, a bearer token, its lifetime and Location /me', async () => {
      const person = aPerson({ username: aUsername(), name: 'Ada Lovelace' });

      const response = await app.post('/signup').send(person).expect(201);

      expect(response.headers).toMatchObject({ location: '/me', 'cache-control': 'no-store' });
      expect(response.body).toEqual({
        user: {
          id: expect.stringMatching(UUID),
          email: person.email,
          username: person.username,
          name: 'Ada Lovelace',
          phone: null,
          language: null,
          email_verified: false,
          created_at: new Date(app.clock.now()).toISOString(),
          updated_at: new Date(app.clock.now()).toISOString(),
        },
        access_token: expect.stringMatching(/^eyJ/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^[0-9a-f-]{36}\.0\.[\w-]{43}$/),
        refresh_expires_in: 2_592_000,
        device_token: expect.stringMatching(/^[\w-]{22}\.[\w-]{43}$/),
        verification: { challenge_id: expect.stringMatching(UUID), expires_in: 86_400 },
      });
    });

    it('answers 201 with null for a username and a name that were not given', async () => {
      const response = await app.post('/signup').send(aPerson()).expect(201);

      expect(response.body.user).toMatchObject({ username: null, name: null });
    });

    it('answers 201 with the email as typed, which is only compared in its canonical form', async () => {
      const { body } = await app
        .post('/signup')
        .send(aPerson({ email: ' Ada.B@Bücher.Example ' }))
        .expect(201);

      expect(body.user.email).toBe('Ada.B@Bücher.Example');
    });

    it('answers 201 for a password of 64 emoji, which logs in again', async () => {
      const person = aPerson({ password: '🔑🚪'.repeat(32) });

      await app.post('/signup').send(person).expect(201);

      await app.post('/login').send({ email: person.email, password: person.password }).expect(200);
    });
  });
});
