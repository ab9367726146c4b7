import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { aPerson, signUp } from '../../support/people.ts';

const auth = { type: 'bearer' } as const;
const LIMIT_BYTES = 2 * 1024 * 1024;

/** JSON of exactly so many bytes that imports one user. */
function paddedTo(bytes: number): string {
  const text = JSON.stringify({ users: [{ email: aPerson().email }] });
  return text + ' '.repeat(bytes - Buffer.byteLength(text));
}

onEachDatabase((kind) => {
  describe('POST /admin/users/import, 400', () => {
    const app = useApp(kind);

    it.each<[what: string, body: unknown]>([
      ['no users at all', { users: [] }],
      ['1,001 users', { users: Array.from({ length: 1001 }, () => ({ email: aPerson().email })) }],
      ['a list', [{ email: aPerson().email }]],
      ['no member users', {}],
      ['users that are null', { users: null }],
      ['users that are no list', { users: { email: aPerson().email } }],
      ['a member that is not known', { users: [{ email: aPerson().email }], dry_run: true }],
    ])('answers 400 to %s, and imports no user', async (_what, body) => {
      const { token } = await anAdmin(app);
      const before = await app.models.users.count();

      const sent = app.post('/admin/users/import').auth(token, auth);
      const response = await sent.send(body as object).expect(400);

      expect(response.body.code).toBe('validation_failed');
      expect(await app.models.users.count()).toBe(before);
    });

    it('answers 400 to what is no JSON', async () => {
      const { token } = await anAdmin(app);

      const { body } = await app
        .post('/admin/users/import')
        .auth(token, auth)
        .type('json')
        .send('{"users":[')
        .expect(400);

      expect(body.code).toBe('invalid_json');
    });
  });

  describe('POST /admin/users/import, 401', () => {
    const app = useApp(kind);

    it.each([
      ['no token', {}, 'token_missing'],
      ['a token that is none', { Authorization: 'Bearer x' }, 'token_invalid'],
    ])('answers 401 to %s before the body is there', async (_what, headers, code) => {
      const sent = request(`${app.url}/admin/users/import`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Length': LIMIT_BYTES, ...headers },
      });
      sent.on('error', () => {});
      sent.flushHeaders();

      const [response] = (await once(sent, 'response')) as [IncomingMessage];

      expect(response.statusCode).toBe(401);
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      expect(JSON.parse(text).code).toBe(code);
      sent.destroy();
    });
  });

  describe('POST /admin/users/import, 413', () => {
    const app = useApp(kind);

    it('answers 413 to a body of one byte over 2 MB, though not to one of 2 MB', async () => {
      const { token } = await anAdmin(app);
      const send = (bytes: number) =>
        app.post('/admin/users/import').auth(token, auth).type('json').send(paddedTo(bytes));

      const { body } = await send(LIMIT_BYTES + 1).expect(413);
      expect(body.code).toBe('payload_too_large');
      await send(LIMIT_BYTES).expect(200);
    });

    it('answers 413 to a body that is small only as long as it is compressed', async () => {
      const { token } = await anAdmin(app);

      const { body } = await app
        .post('/admin/users/import')
        .auth(token, auth)
        .type('json')
        .set('Content-Encoding', 'gzip')
        .serialize((content) => content)
        .send(gzipSync(paddedTo(5 * LIMIT_BYTES)))
        .expect(413);

      expect(body.code).toBe('payload_too_large');
    });

    it('answers 413 at other routes to far less', async () => {
      const { token } = await anAdmin(app);
      const { id } = await signUp(app);
      const roles = `{"roles":["user"]${' '.repeat(32 * 1024)}}`;

      await app.put(`/admin/users/${id}/roles`).auth(token, auth).type('json').send(roles).expect(413);
      await app
        .post('/admin/users')
        .auth(token, auth)
        .type('json')
        .send(paddedTo(32 * 1024 + 1))
        .expect(413);
    });
  });

  describe('POST /admin/users/import, 415', () => {
    const app = useApp(kind);

    it('answers 415 to a list in CSV', async () => {
      const { token } = await anAdmin(app);

      await app
        .post('/admin/users/import')
        .auth(token, auth)
        .type('text/csv')
        .send('email\na@example.com')
        .expect(415);
    });
  });
});
