import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { anAdmin } from '../../support/admins.ts';
import { useApp } from '../../support/app.ts';
import { aPerson } from '../../support/people.ts';

describe('POST /admin/users/import with a compressed body', () => {
  const app = useApp('SQLite');
  let token: string;

  beforeAll(async () => {
    token = (await anAdmin(app)).token;
  });

  function sendBytes(bytes: Buffer, encoding: string) {
    return app
      .post('/admin/users/import')
      .auth(token, { type: 'bearer' })
      .type('application/json')
      .set('Content-Encoding', encoding)
      .serialize((body) => body)
      .send(bytes);
  }

  const oneUser = () => JSON.stringify({ users: [{ email: aPerson().email, name: 'Zoé 山田 🔑' }] });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('takes the encoding %s', async (encoding, compress) => {
    const response = await sendBytes(compress(oneUser()), encoding).expect(200);

    expect(response.body.imported).toBe(1);
  });

  it.each(['compress', 'zstd', 'gzip, br'])(
    'refuses the encoding %s, and names those it takes',
    async (encoding) => {
      const { body } = await sendBytes(gzipSync(oneUser()), encoding).expect(415);

      expect(body.detail).toBe('The body may be uncompressed, or in the encoding gzip, deflate or br.');
    },
  );

  it('refuses what is not in the encoding that it names, and says nothing of the inside', async () => {
    const response = await sendBytes(Buffer.from(oneUser()), 'gzip').expect(400);

    expect(response.type).toBe('application/problem+json');
    expect(response.text).not.toMatch(/zlib|header check/i);
  });

  it('refuses what is cut short', async () => {
    const whole = gzipSync(oneUser());

    const response = await sendBytes(whole.subarray(0, whole.length - 12), 'gzip').expect(400);

    expect(response.type).toBe('application/problem+json');
  });

  it('refuses what is not UTF-8 inside', async () => {
    const response = await sendBytes(gzipSync(Buffer.from(oneUser(), 'latin1')), 'gzip').expect(400);

    expect(response.body.code).toBe('invalid_json');
  });
});
