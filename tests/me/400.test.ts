import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { aUsername, signUp } from '../support/people.ts';

const CHALLENGE =
  'Bearer realm="latchkey", error="invalid_request", error_description="The request is malformed"';

onOneDatabase((kind) => {
  describe('GET /me', () => {
    const app = useApp(kind);

    /** Sends the headers one by one, as no client library would. */
    async function getWithHeaders(headers: readonly string[]) {
      const request = httpRequest(`${app.url}/me`, { headers: ['Host', 'localhost', ...headers] });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return { response, body: (await json(response)) as Record<string, unknown> };
    }

    it.each([
      ['two tokens', 'Bearer TOKEN', 'Bearer OTHER'],
      ['one token twice', 'Bearer TOKEN', 'Bearer TOKEN'],
      ['a token after another scheme', 'Basic YTpi', 'Bearer TOKEN'],
      ['a token before another scheme', 'Bearer TOKEN', 'Basic YTpi'],
      ['a token after an empty header', '', 'Bearer TOKEN'],
    ])(
      'answers 400 to two Authorization headers: %s, which a proxy may read differently',
      async (_what, first, second) => {
        const own = await signUp(app);
        const other = await signUp(app);
        const fill = (header: string) => header.replace('TOKEN', own.token).replace('OTHER', other.token);

        const { response, body } = await getWithHeaders([
          'Authorization',
          fill(first),
          'authorization',
          fill(second),
        ]);

        expect(response.statusCode).toBe(400);
        expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(response.headers['www-authenticate']).toBe(CHALLENGE);
        expect(body).toMatchObject({ status: 400, code: 'invalid_request' });
        expect(body).not.toHaveProperty('user');
      },
    );

    it.each([
      'Bearer',
      'Bearer ',
      'bearer',
      'Bearer a b',
      'Bearer a,b',
      'Bearer TOKEN, Bearer TOKEN',
      'Bearer "TOKEN"',
      'Bearer TOKEN;',
      'Bearer token=TOKEN',
      'Bearer =',
      'Bearer a=b',
      'Bearer ТОКЕN',
    ])('answers 400 to the malformed header %j', async (header) => {
      const { token } = await signUp(app);

      const response = await app
        .get('/me')
        .set('Authorization', Buffer.from(header.replaceAll('TOKEN', token)).toString('latin1'))
        .expect(400);

      expect(response.body).toMatchObject({ status: 400, code: 'invalid_request' });
      expect(response.headers['www-authenticate']).toBe(CHALLENGE);
      expect(response.text).not.toContain(token);
    });
  });

  describe('PATCH /me', () => {
    const app = useApp(kind);

    it('answers 400 to a body that would change nothing', async () => {
      const { token } = await signUp(app);

      const response = await app.patch('/me').auth(token, { type: 'bearer' }).send({}).expect(400);

      expect(response.body).toMatchObject({
        code: 'validation_failed',
        errors: [{ pointer: '', code: 'empty', detail: expect.any(String) }],
      });
    });

    it('answers 400 to no body at all', async () => {
      const { token } = await signUp(app);

      const response = await app.patch('/me').auth(token, { type: 'bearer' }).expect(400);

      expect(response.body.code).toBe('validation_failed');
    });

    it('answers 400 to malformed JSON', async () => {
      const { token } = await signUp(app);

      const response = await app
        .patch('/me')
        .auth(token, { type: 'bearer' })
        .type('json')
        .send('{"name":')
        .expect(400);

      expect(response.body.code).toBe('invalid_json');
    });

    it.each([
      { fault: { name: ['Ada'] }, code: 'wrong_type' },
      { fault: { name: { first: 'Ada' } }, code: 'wrong_type' },
      { fault: { name: 1 }, code: 'wrong_type' },
      { fault: { name: true }, code: 'wrong_type' },
      { fault: { username: ['ada'] }, code: 'wrong_type' },
      { fault: { username: { $ne: null } }, code: 'wrong_type' },
      { fault: { username: 1 }, code: 'wrong_type' },
      { fault: { username: false }, code: 'wrong_type' },
      { fault: { username: '' }, code: 'invalid_username' },
      { fault: { username: 'ada@example.com' }, code: 'invalid_username' },
      { fault: { name: 'a'.repeat(201) }, code: 'invalid_name' },
      { fault: { name: 'Ada\r\nLovelace' }, code: 'invalid_name' },
      { fault: { email: 'eve@example.com' }, code: 'unknown_field' },
      { fault: { password: 'eve' }, code: 'unknown_field' },
      { fault: { password_hash: 'eve' }, code: 'unknown_field' },
      { fault: { id: '01890000-0000-7000-8000-000000000001' }, code: 'unknown_field' },
      { fault: { email_verified: true }, code: 'unknown_field' },
      { fault: { roles: ['admin'] }, code: 'unknown_field' },
      { fault: { created_at: '1970-01-01T00:00:00.000Z' }, code: 'unknown_field' },
    ])(
      'answers 400 to $fault ($code), and changes nothing, the good fields included',
      async ({ fault, code }) => {
        const { token } = await signUp(app, { username: aUsername(), name: 'Ada' });
        const before = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);

        const response = await app
          .patch('/me')
          .auth(token, { type: 'bearer' })
          .send({ name: 'Eve', ...fault })
          .expect(400);

        expect(response.body.errors).toEqual([
          { pointer: `/${Object.keys(fault)[0]}`, code, detail: expect.any(String) },
        ]);
        const after = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
        expect(after.body).toEqual(before.body);
      },
    );

    it('answers 400 to a field __proto__, which changes no prototype', async () => {
      const { token } = await signUp(app);

      const response = await app
        .patch('/me')
        .auth(token, { type: 'bearer' })
        .type('json')
        .send('{"__proto__":{"name":"Eve"}}')
        .expect(400);

      expect(response.body.errors).toContainEqual(
        expect.objectContaining({ pointer: '/__proto__', code: 'unknown_field' }),
      );
      expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('name');
    });
  });

  describe('DELETE /me', () => {
    const app = useApp(kind);

    it.each([
      { body: [], pointer: '', code: 'wrong_type' },
      { body: { password: null }, pointer: '/password', code: 'wrong_type' },
      { body: { password: ['PASSWORD'] }, pointer: '/password', code: 'wrong_type' },
      { body: { password: { $ne: null } }, pointer: '/password', code: 'wrong_type' },
      { body: { password: 'PASSWORD', confirm: true }, pointer: '/confirm', code: 'unknown_field' },
      { body: { password: 'x'.repeat(1025) }, pointer: '/password', code: 'password_too_long' },
    ])('answers 400 to the body $body ($code), and deletes nothing', async ({ body, pointer, code }) => {
      const { token, password } = await signUp(app);
      const text = JSON.stringify(body).replace('PASSWORD', password);

      const request = app.delete('/me').auth(token, { type: 'bearer' });
      const response = await request.type('json').send(text).expect(400);

      expect(response.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
      await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
    });
  });
});
