import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aUsername, signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';

const WRONG_TYPES = [
  { value: ['text'], name: 'an array' },
  { value: { $ne: null }, name: 'an object' },
  { value: 42, name: 'a number' },
  { value: true, name: 'a boolean' },
  { value: null, name: 'null' },
];

onOneDatabase((kind) => {
  describe('POST /login', () => {
    const app = useApp(kind);

    it('answers 400 to malformed JSON, and repeats none of it', async () => {
      const response = await app
        .post('/login')
        .type('json')
        .send(`{"email":"ada@example.com","password":"${CANARY} staple`)
        .expect(400);

      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 400, code: 'invalid_json' });
      expect(response.text).not.toContain(CANARY);
    });

    it('answers 400 to no body at all', async () => {
      const response = await app.post('/login').expect(400);

      expect(response.body.code).toBe('validation_failed');
    });

    it.each(['email', 'username'] as const)(
      'answers 400 to an %s of the wrong type, which would become another query, and asks the database nothing',
      async (field) => {
        const { email, username, password } = await signUp(app, { username: aUsername() });

        for (const { value, name } of WRONG_TYPES) {
          const queries = await countQueries(app, async () => {
            const response = await app
              .post('/login')
              .send({ [field]: value, password })
              .expect(400);
            expect(response.body.errors).toEqual([
              { pointer: `/${field}`, code: 'wrong_type', detail: `Must be a string, not ${name}.` },
            ]);
          });
          expect(queries).toBe(0);
        }
        const given = field === 'email' ? email : username;
        await app
          .post('/login')
          .send({ [field]: [given], password })
          .expect(400);
      },
    );

    it('answers 400 to a password of the wrong type, and asks the database nothing', async () => {
      const { email, password } = await signUp(app);

      for (const value of [...WRONG_TYPES.map((wrong) => wrong.value), [password]]) {
        const queries = await countQueries(app, async () => {
          const response = await app.post('/login').send({ email, password: value }).expect(400);
          expect(response.body.errors).toEqual([
            { pointer: '/password', code: 'wrong_type', detail: expect.any(String) },
          ]);
        });
        expect(queries).toBe(0);
      }
    });

    it('answers 400 to neither an email address nor a username', async () => {
      const { password } = await signUp(app);

      const response = await app.post('/login').send({ password }).expect(400);

      expect(response.body.errors).toEqual([
        { pointer: '', code: 'one_identifier', detail: expect.any(String) },
      ]);
    });

    it('answers 400 to more than one identifier, even of one person', async () => {
      const { email, username, password } = await signUp(app, { username: aUsername() });

      for (const several of [
        { email, username },
        { email, identifier: email },
        { identifier: email, username },
        { identifier: email, email, username },
      ]) {
        const response = await app
          .post('/login')
          .send({ ...several, password })
          .expect(400);

        expect(response.body.errors).toEqual([
          { pointer: '', code: 'one_identifier', detail: expect.any(String) },
        ]);
      }
    });

    it('answers 400 to a missing password', async () => {
      const { email } = await signUp(app);

      const response = await app.post('/login').send({ email }).expect(400);

      expect(response.body.errors).toEqual([
        { pointer: '/password', code: 'required', detail: expect.any(String) },
      ]);
    });

    it('answers 400 to an unknown field', async () => {
      const { email, password } = await signUp(app);

      const response = await app.post('/login').send({ email, password, remember: true }).expect(400);

      expect(response.body.errors).toEqual([
        { pointer: '/remember', code: 'unknown_field', detail: expect.any(String) },
      ]);
    });

    it('answers 400 to a device token of the wrong type, and asks the database nothing', async () => {
      const { email, password } = await signUp(app);

      for (const { value, name } of WRONG_TYPES) {
        const queries = await countQueries(app, async () => {
          const response = await app
            .post('/login')
            .send({ email, password, device_token: value })
            .expect(400);
          expect(response.body.errors).toEqual([
            { pointer: '/device_token', code: 'wrong_type', detail: `Must be a string, not ${name}.` },
          ]);
        });
        expect(queries).toBe(0);
      }
    });

    it('answers 400 to credentials inside __proto__, which do not count as given', async () => {
      const { email, password } = await signUp(app);

      const response = await app
        .post('/login')
        .type('json')
        .send(`{"__proto__":${JSON.stringify({ email, password })}}`)
        .expect(400);

      expect(response.body.errors).toContainEqual(
        expect.objectContaining({ pointer: '/password', code: 'required' }),
      );
    });

    it.each(['identifier', 'email', 'username', 'password', 'device_token'])(
      'answers 400 to half of a surrogate pair in the %s',
      async (field) => {
        const identifier = ['password', 'device_token'].includes(field) ? { email: 'ada@example.com' } : {};
        const body = { ...identifier, password: `${CANARY} staple`, [field]: 'HALF' };

        const response = await app
          .post('/login')
          .type('json')
          .send(JSON.stringify(body).replace('HALF', '\\ud800'))
          .expect(400);

        expect(response.body.errors).toEqual([
          { pointer: `/${field}`, code: 'malformed_text', detail: expect.any(String) },
        ]);
      },
    );

    it('answers 400 to a password of 1025 characters, which no account can have, before any hashing', async () => {
      const { email } = await signUp(app);

      const queries = await countQueries(app, async () => {
        const response = await app
          .post('/login')
          .send({ email, password: `${CANARY}${'x'.repeat(1019)}` })
          .expect(400);
        expect(response.body.errors).toEqual([
          { pointer: '/password', code: 'password_too_long', detail: expect.any(String) },
        ]);
      });

      expect(queries).toBe(0);
    });

    it('answers 400 to an identifier of 255 characters, which no account can have', async () => {
      for (const field of ['identifier', 'email', 'username']) {
        const response = await app
          .post('/login')
          .send({ [field]: 'a'.repeat(255), password: `${CANARY} staple` })
          .expect(400);

        expect(response.body.errors).toEqual([
          { pointer: `/${field}`, code: 'too_long', detail: expect.any(String) },
        ]);
      }
    });
  });
});
