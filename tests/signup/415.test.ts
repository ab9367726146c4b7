import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { aPerson } from '../support/people.ts';

onOneDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind);

    function expectRefusal(response: Response) {
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    }

    it.each([
      'text/plain',
      'text/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'application/jsonp',
      'application/problem+json',
      'application/octet-stream',
      'nonsense',
      '*/*',
    ])(
      'answers 415 to JSON that calls itself %s, which a page of another origin could send',
      async (mediaType) => {
        const person = aPerson();

        const response = await app
          .post('/signup')
          .set('Content-Type', mediaType)
          .send(JSON.stringify(person))
          .expect(415);

        expectRefusal(response);
        await app.post('/signup').send(person).expect(201);
      },
    );

    it('answers 415 to JSON that does not say what it is', async () => {
      const untyped = app.post('/signup');
      untyped.write(JSON.stringify(aPerson()));

      expectRefusal(await untyped.expect(415));
    });

    it.each(['gzip', 'br', 'compress', 'zstd', 'nonsense', 'gzip, gzip'])(
      'answers 415 to a body in the encoding %s',
      async (encoding) => {
        const response = await app
          .post('/signup')
          .type('json')
          .set('Content-Encoding', encoding)
          .send(JSON.stringify(aPerson()))
          .expect(415);

        expectRefusal(response);
      },
    );
  });
});
