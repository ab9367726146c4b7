import { describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';

const FIELDS = ['email', 'password', 'username', 'name'] as const;

const WRONG_TYPES = [
  { value: ['text'], name: 'an array' },
  { value: { $ne: 'text' }, name: 'an object' },
  { value: 42, name: 'a number' },
  { value: true, name: 'a boolean' },
  { value: null, name: 'null' },
];

onOneDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind);

    /** Sends exactly these bytes as JSON. */
    function sendBytes(bytes: string | Buffer) {
      return app
        .post('/signup')
        .type('application/json')
        .serialize((body) => body)
        .send(bytes);
    }

    describe('with a body that is not JSON', () => {
      it.each([
        ['JSON that is cut short', `{"email":"ada@example.com","password":"${CANARY}`],
        ['JSON with a trailing comma', `{"password":"${CANARY} staple",}`],
        ['JSON with single quotes', `{'password':'${CANARY} staple'}`],
        ['JSON followed by garbage', `{"password":"${CANARY} staple"} garbage`],
        ['JSON with a raw line break in a string', `{"password":"${CANARY}\nstaple"}`],
        ['a bare word', CANARY],
        ['white space', '   '],
      ])('answers 400 to %s, with a problem document that repeats none of it', async (_what, text) => {
        const response = await sendBytes(text).expect(400);

        expect(response.type).toBe('application/problem+json');
        expect(response.body).toEqual({
          type: `${PUBLIC_URL}/docs/errors#invalid_json`,
          title: 'The body is not valid JSON',
          status: 400,
          detail: expect.any(String),
          instance: `urn:latchkey:request:${response.headers['x-request-id']}`,
          code: 'invalid_json',
        });
        expect(response.text).not.toContain(CANARY);
      });

      it('answers 400 to bytes that are not UTF-8, which lenient decoding would make equal to other passwords', async () => {
        const person = aPerson();
        const [before, after] = JSON.stringify({ ...person, password: `${CANARY} staple ?` }).split('?');
        const bytes = [Buffer.from(before ?? ''), Buffer.from([0xff, 0xfe]), Buffer.from(after ?? '')];

        const response = await sendBytes(Buffer.concat(bytes)).expect(400);

        expect(response.body.code).toBe('invalid_json');
        await app.post('/signup').send(person).expect(201);
      });

      it('answers 400 to a UTF-16 body that passes for UTF-8 in part', async () => {
        const response = await sendBytes(Buffer.from(JSON.stringify(aPerson()), 'utf16le')).expect(400);

        expect(response.body.code).toBe('invalid_json');
      });

      it('answers 400 to nothing at all', async () => {
        const response = await app.post('/signup').expect(400);

        expect(response.body).toMatchObject({
          code: 'validation_failed',
          errors: [{ pointer: '', code: 'required', detail: expect.any(String) }],
        });
      });

      it('answers 400 to an empty body that calls itself JSON', async () => {
        const response = await sendBytes('').expect(400);

        expect(response.body.code).toBe('validation_failed');
      });

      it('answers 400 to an array, which would become a list of queries', async () => {
        const response = await app.post('/signup').send([aPerson()]).expect(400);

        expect(response.body.errors).toEqual([
          { pointer: '', code: 'wrong_type', detail: expect.stringContaining('not an array') },
        ]);
      });

      it('answers 400 to seven nested arrays', async () => {
        const depth = 7;

        const response = await sendBytes(`{"email":${'['.repeat(depth)}${']'.repeat(depth)}}`).expect(400);

        expect(response.body.code).toBe('validation_failed');
      });
    });

    describe('with a faulty field', () => {
      it.each(FIELDS)(
        'answers 400 to a field %s of the wrong type, with its pointer and no database query',
        async (field) => {
          for (const { value, name } of WRONG_TYPES) {
            const person = aPerson({ username: aUsername(), name: 'Ada' });

            const queries = await countQueries(app, async () => {
              const response = await app
                .post('/signup')
                .send({ ...person, [field]: value })
                .expect(400);
              expect(response.body.code).toBe('validation_failed');
              expect(response.body.errors).toEqual([
                { pointer: `/${field}`, code: 'wrong_type', detail: `Must be a string, not ${name}.` },
              ]);
            });

            expect(queries).toBe(0);
          }
          // The counter counts: a good sign-up does reach the database.
          expect(
            await countQueries(app, () => app.post('/signup').send(aPerson()).expect(201)),
          ).toBeGreaterThan(0);
        },
      );

      it.each(['email', 'password'] as const)('answers 400 to a field %s that is missing', async (field) => {
        const response = await app
          .post('/signup')
          .send({ ...aPerson(), [field]: undefined })
          .expect(400);

        expect(response.body.errors).toEqual([
          { pointer: `/${field}`, code: 'required', detail: expect.any(String) },
        ]);
      });

      it.each(FIELDS)(
        'answers 400 to a field %s with half of a surrogate pair, which UTF-8 cannot carry',
        async (field) => {
          for (const half of ['\\ud800', '\\udc00', '\\udc00\\ud800']) {
            const person = { ...aPerson({ username: aUsername(), name: 'Ada' }), [field]: `${CANARY}HALF` };

            const response = await sendBytes(JSON.stringify(person).replace('HALF', half)).expect(400);

            expect(response.body.errors).toEqual([
              { pointer: `/${field}`, code: 'malformed_text', detail: expect.any(String) },
            ]);
            expect(response.text).not.toContain(CANARY);
          }
        },
      );

      it('answers 400 to an unknown field, such as one that would make an administrator', async () => {
        for (const field of ['roles', 'is_admin', 'id', 'password_hash', 'email_verified', 'Email', '']) {
          const response = await app
            .post('/signup')
            .send({ ...aPerson(), [field]: 'admin' })
            .expect(400);

          expect(response.body.errors).toEqual([
            { pointer: `/${field}`, code: 'unknown_field', detail: expect.any(String) },
          ]);
        }
      });

      it('answers 400 to a field whose name needs escaping in a JSON pointer', async () => {
        const response = await app
          .post('/signup')
          .send({ ...aPerson(), 'a/b~c': 1 })
          .expect(400);

        expect(response.body.errors).toEqual([expect.objectContaining({ pointer: '/a~1b~0c' })]);
      });

      it.each([
        '"__proto__":{"is_admin":true}',
        '"constructor":{"prototype":{"is_admin":true}}',
        '"prototype":{"is_admin":true}',
        '"toString":"text"',
      ])('answers 400 to a field %s that reaches for the prototype of all objects', async (member) => {
        const person = aPerson();
        const pointer = `/${member.slice(1).split('"', 1)[0]}`;

        const response = await sendBytes(`${JSON.stringify(person).slice(0, -1)},${member}}`).expect(400);

        expect(response.body.errors).toEqual([
          { pointer, code: 'unknown_field', detail: expect.any(String) },
        ]);
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('is_admin');
        await app.post('/signup').send(person).expect(201);
      });

      it('answers 400 to a field inside __proto__, which does not count as given', async () => {
        const { email, password } = aPerson();

        const response = await sendBytes(
          `{"__proto__":${JSON.stringify({ email, password })},"name":"Ada"}`,
        ).expect(400);

        expect(response.body.errors).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ pointer: '/email', code: 'required' }),
            expect.objectContaining({ pointer: '/password', code: 'required' }),
          ]),
        );
      });

      it('answers 400 once for each field, when several are wrong', async () => {
        const response = await app
          .post('/signup')
          .send({ email: 'ada', password: 1, username: '' })
          .expect(400);

        expect(response.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
          '/email',
          '/password',
          '/username',
        ]);
      });

      it('names no more than twenty of ninety faulty fields, so that an answer stays small', async () => {
        const fields = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`field${i}`, 1]));

        const response = await app
          .post('/signup')
          .send({ ...aPerson(), ...fields })
          .expect(400);

        expect(response.body.errors).toHaveLength(20);
      });

      it('answers 400 to a field whose name is seven thousand characters long, in a small answer', async () => {
        const response = await app
          .post('/signup')
          .send({ ...aPerson(), ['x'.repeat(7_000)]: 1 })
          .expect(400);

        expect(response.text.length).toBeLessThan(2_000);
      });
    });

    describe('with a password', () => {
      async function expectRefusal(password: string, code: string, details: object = {}) {
        const person = { ...aPerson(), ...details };
        const response = await app
          .post('/signup')
          .send({ ...person, password })
          .expect(400);
        expect(response.body.code).toBe('validation_failed');
        expect(response.body.errors).toEqual([{ pointer: '/password', code, detail: expect.any(String) }]);
        return person;
      }

      it('answers 400 to a password that is empty', () => expectRefusal('', 'password_too_short'));

      it('answers 400 to a password that is 7 characters long, though not to one of 8', async () => {
        const person = await expectRefusal(`${CANARY}!`, 'password_too_short');

        await app
          .post('/signup')
          .send({ ...person, password: `${CANARY}!?` })
          .expect(201);
      });

      it('answers 400 to a password that is 7 characters long, however many code units or code points they are typed with', async () => {
        await expectRefusal('🔑🚪🔒🔓🗝🛡🧿', 'password_too_short');
        await expectRefusal('áéíóúàè'.normalize('NFD'), 'password_too_short');
      });

      it('answers 400 to a password that is 257 characters long, though not to one of 256 emoji', async () => {
        const person = await expectRefusal(`${CANARY} `.repeat(37).slice(0, 257), 'password_too_long');

        await app
          .post('/signup')
          .send({ ...person, password: '🔑🚪'.repeat(128) })
          .expect(201);
      });

      it('answers 400 to a password that is thousands of characters long', () =>
        expectRefusal(CANARY.repeat(1_100), 'password_too_long'));

      it.each(['password', '12345678', 'qwertyuiop', 'PASSWORD1', 'iloveyou', 'trustno1', 'football'])(
        'answers 400 to a password that is %s, among the most common',
        (password) => expectRefusal(password, 'password_common'),
      );

      it('answers 400 to a password that is one character again and again, in either normal form', async () => {
        await expectRefusal('z'.repeat(15), 'password_common');
        await expectRefusal('🔑'.repeat(12), 'password_common');
        await expectRefusal('á'.normalize('NFD').repeat(12), 'password_common');
      });

      it.each(['latchkey', 'LatchKey', 'Latchkey2024!', '1-latch-key-1'])(
        'answers 400 to a password that is %s, the name of the service',
        (password) => expectRefusal(password, 'password_personal'),
      );

      it("answers 400 to a password that is the person's own email address, or the part before its @", async () => {
        const { email } = aPerson();

        await expectRefusal(email, 'password_personal', { email });
        await expectRefusal(email.toUpperCase(), 'password_personal', { email });
        await expectRefusal(email.split('@')[0] ?? '', 'password_personal', { email });
      });

      it("answers 400 to a password that is the person's own username, decorated or not", async () => {
        const username = 'grace.hopper';

        await expectRefusal('grace.hopper', 'password_personal', { username });
        await expectRefusal('GraceHopper1906!', 'password_personal', { username });
      });

      it("answers 400 to a password that is the person's own name, with or without accents typed apart", async () => {
        await expectRefusal('Ada Lovelace', 'password_personal', { name: 'Ada Lovelace' });
        await expectRefusal('adalovelace1815', 'password_personal', { name: 'Ada Lovelace' });
        await expectRefusal('Zoé Müller'.normalize('NFD'), 'password_personal', { name: 'Zoé Müller' });
      });
    });

    describe('with an email address', () => {
      async function expectRefusal(email: string) {
        const response = await app.post('/signup').send(aPerson({ email })).expect(400);
        expect(response.body.errors).toEqual([
          { pointer: '/email', code: 'invalid_email', detail: expect.any(String) },
        ]);
      }

      it.each([
        '',
        ' ',
        'ada',
        'ada@',
        '@example.com',
        'ada@example',
        'ada@@example.com',
        'ada@b@example.com',
        'ada example@example.com',
        'ada@exam ple.com',
        '.ada@example.com',
        'ada.@example.com',
        'ada..b@example.com',
        'ada@example..com',
        'ada@-example.com',
        'ada@127.0.0.1',
        'ada@[127.0.0.1]',
        'Ada <ada@example.com>',
        'ada@example.com,eve@example.com',
        'ada\u0000@example.com',
        'ada@xn--a.example',
      ])('answers 400 to an email address %j that is none', expectRefusal);

      it.each([
        'ada@example.com/path',
        'ada@example.com?query',
        'ada@example.com#fragment',
        'ada@example.com\\path',
        'ada@example.com:443',
        'ada@ex%61mple.com',
      ])(
        'answers 400 to an email address %j with parts of a URL, since it would stand for the address without them',
        expectRefusal,
      );

      it.each([
        'ada@exam\r\nple.com',
        'ada@exam\tple.com',
        'ada@example.com\r\nBcc: eve@example.com',
        'ada\r\n@example.com',
        '"ada\r\nBcc: eve"@example.com',
        '"ada\n"@example.com',
        '"ada\u0007"@example.com',
      ])(
        'answers 400 to an email address %j with control characters, which would forge a mail header',
        expectRefusal,
      );

      it('answers 400 to an email address of 255 characters, though not to one of 254', async () => {
        const of254 = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.exampleeee`;
        expect(of254).toHaveLength(254);

        await expectRefusal(`${of254}e`);

        await app
          .post('/signup')
          .send(aPerson({ email: of254 }))
          .expect(201);
      });

      it('answers 400 to an email address that becomes too long only in punycode, where its column could not hold it', async () => {
        const label = 'ü'.repeat(54);
        const email = `ada@${[label, label, label, label].join('.')}.example`;
        expect(email.length).toBeLessThan(254);

        await expectRefusal(email);
        await expectRefusal(`ada@${'ü'.repeat(200)}.example`);
      });

      it('answers 400 to an email address of 7,000 characters', () =>
        expectRefusal(`${'a'.repeat(7_000)}@example.com`));
    });

    describe('with a username', () => {
      it.each([
        '',
        'ab',
        'a'.repeat(33),
        'with space',
        'ada\r\nX-Forged: 1',
        'ada\u0000',
        'ada@example.com',
        'ada/lovelace',
        'ünal',
        '🔑🔑🔑',
        'аdа',
        'ａｄａ',
      ])('answers 400 to a username %j that is none', async (username) => {
        const response = await app.post('/signup').send(aPerson({ username })).expect(400);

        expect(response.body.errors).toEqual([
          { pointer: '/username', code: 'invalid_username', detail: expect.any(String) },
        ]);
      });
    });

    describe('with a name', () => {
      async function expectRefusal(name: string) {
        const response = await app.post('/signup').send(aPerson({ name })).expect(400);
        expect(response.body.errors).toEqual([
          { pointer: '/name', code: 'invalid_name', detail: expect.any(String) },
        ]);
      }

      it.each([
        'Ada\r\nSet-Cookie: forged=1',
        'Ada\nLovelace',
        'Ada\n',
        'Ada\u0000',
        'Ada\u001b[2J',
        'Ada\u0085',
      ])(
        'answers 400 to a name %j with control characters, which would forge a log line or a mail header',
        expectRefusal,
      );

      it('answers 400 to a name of 201 characters', () => expectRefusal('a'.repeat(201)));

      it('answers 400 to a name of 7,000 characters', () => expectRefusal('a'.repeat(7_000)));
    });

    it('creates nothing: the same email address and username still sign up', async () => {
      const person = aPerson({ username: aUsername() });
      const usersBefore = await app.models.users.count();

      for (const fault of [{ password: 'short' }, { roles: ['admin'] }, { name: 1 }, { name: 'a\nb' }]) {
        const response = await app
          .post('/signup')
          .send({ ...person, ...fault })
          .expect(400);
        expect(response.body).not.toHaveProperty('access_token');
      }

      expect(await app.models.users.count()).toBe(usersBefore);
      await app.post('/signup').send(person).expect(201);
    });
  });

  describe('POST /signup with PASSWORD_MIN_LENGTH=15', () => {
    const app = useApp(kind, { PASSWORD_MIN_LENGTH: '15' });

    it('answers 400 to a password of 14 characters, and says how many it wants', async () => {
      const response = await app
        .post('/signup')
        .send(aPerson({ password: `${CANARY} 4567890` }))
        .expect(400);

      expect(response.body.errors).toEqual([
        { pointer: '/password', code: 'password_too_short', detail: expect.stringContaining('15') },
      ]);
    });
  });
});
