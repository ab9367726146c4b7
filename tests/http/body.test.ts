import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, startApp, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

/** What gives away how the service is made: stack frames, SQL, files of the server, names of libraries. */
const INTERNALS =
  /\n\s*at |node_modules|node:internal|\.[jt]s:\d|\/work\/|\/tmp\/|SELECT |INSERT |UPDATE |SQLITE|ER_[A-Z]|sequelize|password_?hash|lk1:|\$2b\$/i;

onEachDatabase((kind) => {
  describe('The body of a request', () => {
    const app = useApp(kind);

    function sendBytes(bytes: Buffer, headers: Record<string, string> = {}) {
      return app
        .post('/signup')
        .type('application/json')
        .set(headers)
        .serialize((body) => body)
        .send(bytes);
    }

    it('may say that it is uncompressed', async () => {
      const person = aPerson({ name: 'Zoé 山田 🔑' });

      const response = await sendBytes(Buffer.from(JSON.stringify(person)), {
        'Content-Encoding': 'identity',
      });

      expect(response.status).toBe(201);
      expect(response.body.user).toMatchObject({ email: person.email, name: 'Zoé 山田 🔑' });
    });

    it.each([
      ['gzip', gzipSync],
      ['GZIP', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('may not be in the encoding %s, which the refusal says', async (encoding, compress) => {
      const bytes = compress(JSON.stringify(aPerson()));

      const response = await sendBytes(bytes, { 'Content-Encoding': encoding }).expect(415);

      expect(response.body).toMatchObject({
        code: 'unsupported_media_type',
        detail: 'Send the body uncompressed: only POST /admin/users/import takes a compressed one.',
      });
    });

    it('may hold the longest address, name and passwords there are, each character escaped', async () => {
      const keys = (count: number) => '\\ud83d\\udd11'.repeat(count);
      const { email } = aPerson();
      const password = keys(256);

      await sendBytes(
        Buffer.from(`{"email":"${email}","password":"${password}","name":"${keys(200)}"}`),
      ).expect(201);
      await app
        .post('/login')
        .type('json')
        .send(`{"email":"${email}","password":"${password}","new_password":"${password}"}`)
        .expect(400);
    });

    it.each([
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json; charset="utf-8"',
      'APPLICATION/JSON',
      'application/json; profile="x"',
    ])('may call itself %s', async (mediaType) => {
      await app.post('/signup').set('Content-Type', mediaType).send(JSON.stringify(aPerson())).expect(201);
    });

    it('may begin with a byte order mark, which is no part of it', async () => {
      await sendBytes(Buffer.from(`\ufeff${JSON.stringify(aPerson())}`)).expect(201);
    });

    it('keeps every character on its way into the database and back', async () => {
      const name = 'Zoé Ångström 山田 👩🏽‍🚀 \u{10ffff} ﷽ \\ " \' % _ ; --';
      const { token } = await signUp(app, { name, username: aUsername() });

      const { body } = await app.get('/me').auth(token, { type: 'bearer' }).expect(200);

      expect(body.user.name).toBe(name.normalize('NFC'));
    });
  });

  describe('The body of a refusal', () => {
    const app = useApp(kind);

    it('has the same members whatever is refused, and says nothing of the inside', async () => {
      const { token, email, username } = await signUp(app, { username: aUsername() });
      const refused = [
        app.post('/signup').type('json').send('{'),
        app.post('/signup').send([]),
        app.post('/signup').send(aPerson({ email: 'x' })),
        app.post('/signup').send(aPerson({ email })),
        app.post('/signup').send(aPerson({ username: username ?? '' })),
        app.post('/signup').type('text').send('x'),
        app.post('/signup').type('json').send(' '.repeat(9_000)),
        app.post('/signup').type('json').set('Content-Encoding', 'gzip').send('{}'),
        app.post('/login').send(aPerson()),
        app.get('/me'),
        app.get('/me').set('Authorization', 'Bearer'),
        app.get('/me').set('Authorization', 'Bearer x'),
        app.patch('/me').auth(token, { type: 'bearer' }).send({ username: "x' OR 1=1 --" }),
        app.delete('/me').auth(token, { type: 'bearer' }).send({ password: 'x' }),
        app.get('/nowhere'),
        app.put('/me').send({}),
      ];

      for (const response of await Promise.all(refused)) {
        const { errors, ...members } = response.body;
        expect(response.type).toBe('application/problem+json');
        expect(members).toEqual({
          type: `${PUBLIC_URL}/docs/errors#${members.code}`,
          title: expect.stringMatching(/\S/),
          status: response.status,
          detail: expect.stringMatching(/\S/),
          instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
          code: expect.stringMatching(/^[a-z_]+$/),
        });
        expect(errors !== undefined).toBe(members.code === 'validation_failed');
        expect(response.text).not.toMatch(INTERNALS);
      }
    });

    it('says nothing of the inside where the fault is there, while the log says all', async () => {
      const broken = await startApp(kind);
      const person = await signUp(broken);
      for (const table of [
        'sessions',
        'user_roles',
        'api_key_permissions',
        'api_keys',
        'challenges',
        'outbox',
        ...['identities', 'totp_factors', 'recovery_codes', 'remembered_devices', 'passkeys', 'users'],
      ]) {
        await broken.database.sequelize.query(`DROP TABLE ${table}`);
      }

      const answers = [
        await broken.post('/login').send({ email: person.email, password: person.password }).expect(500),
        await broken.post('/signup').send(aPerson()).expect(500),
        await broken.get('/me').auth(person.token, { type: 'bearer' }).expect(500),
      ];

      for (const { headers, body, text, type } of answers) {
        expect(type).toBe('application/problem+json');
        expect(body).toEqual({
          type: `${PUBLIC_URL}/docs/errors#internal_error`,
          title: 'Something failed inside the service',
          status: 500,
          detail: expect.any(String),
          instance: `urn:latchkey:request:${headers['x-request-id']}`,
          code: 'internal_error',
        });
        expect(text).not.toMatch(INTERNALS);
        const logged = broken.logs
          .entries()
          .filter((entry) => JSON.stringify(entry).includes(headers['x-request-id'] ?? ''));
        expect(logged).toContainEqual(
          expect.objectContaining({
            level: 50,
            err: expect.objectContaining({ message: expect.stringContaining('users') }),
          }),
        );
      }
      expect(broken.contractViolations).toEqual([]);
      await broken.stop();
    });
  });
});
