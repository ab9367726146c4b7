import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { aPerson, type Person } from '../support/people.ts';

const LIMIT_BYTES = 8 * 1024;

/** JSON of exactly so many bytes. */
function paddedTo(bytes: number, person: Person): string {
  const text = JSON.stringify(person);
  return text + ' '.repeat(bytes - Buffer.byteLength(text));
}

onOneDatabase((kind) => {
  describe('POST /signup', () => {
    const app = useApp(kind);

    function expectRefusal(response: Response) {
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({
        status: 413,
        code: 'payload_too_large',
        detail: 'The body must not exceed 8 KB.',
      });
    }

    it('answers 413 to a body of one byte over 8 KB, though not to one of 8 KB', async () => {
      const person = aPerson();

      const over = app
        .post('/signup')
        .type('json')
        .send(paddedTo(LIMIT_BYTES + 1, person));
      expectRefusal(await over.expect(413));

      await app.post('/signup').type('json').send(paddedTo(LIMIT_BYTES, person)).expect(201);
    });

    it('answers 413 to a body that does not say how long it is', async () => {
      const chunked = app.post('/signup').type('json');
      chunked.write(paddedTo(LIMIT_BYTES + 1, aPerson()));

      expectRefusal(await chunked.expect(413));
    });

    it('answers 413 to a body of many megabytes, and creates no account', async () => {
      const person = aPerson();

      const response = await app
        .post('/signup')
        .type('json')
        .send(paddedTo(8 * 1024 * 1024, person))
        .expect(413);

      expectRefusal(response);
      await app.post('/signup').send(person).expect(201);
    });
  });
});
