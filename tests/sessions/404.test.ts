import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

/** Headers that differ between any two answers: when, which, and how many more there may be. */
const OF_EACH_ANSWER = ['date', 'x-request-id', 'ratelimit'];

function essenceOf({ status, headers, body }: Response) {
  const sameHeaders = { ...headers };
  for (const name of OF_EACH_ANSWER) delete sameHeaders[name];
  const { instance: _instance, ...sameBody } = body;
  return { status, headers: sameHeaders, body: sameBody };
}

onEachDatabase((kind) => {
  describe('DELETE /sessions/{id}', () => {
    const app = useApp(kind);

    function end(id: string, token: string) {
      return request(app.url).delete(`/sessions/${id}`).auth(token, { type: 'bearer' });
    }

    it('answers 404 to an unknown id, as a problem document', async () => {
      const { token } = await signUp(app);

      const response = await end(randomUUID(), token).expect(404);

      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({ status: 404, code: 'session_not_found' });
    });

    it("answers 404 to another user's session with the same words, and it goes on", async () => {
      const [one, other] = [await signUp(app), await signUp(app)];
      const unknown = await end(randomUUID(), one.token).expect(404);

      const response = await end(other.sessionId, one.token);

      expect(essenceOf(response)).toEqual(essenceOf(unknown));
      await app.get('/verify').auth(other.token, { type: 'bearer' }).expect(200);
      await app.post('/refresh').send({ refresh_token: other.refreshToken }).expect(200);
    });

    it('answers 404 the second time, since there is no such session any more', async () => {
      const person = await signUp(app);
      const { email, password } = person;
      const { body } = await app.post('/login').send({ email, password }).expect(200);
      await end(person.sessionId, body.access_token).expect(204);

      const response = await end(person.sessionId, body.access_token).expect(404);

      expect(response.body.code).toBe('session_not_found');
    });

    it.each<[what: string, spell: (id: string) => string]>([
      ['garbage', () => 'garbage'],
      ['a number', () => '1'],
      ['a word of SQL', () => "x'%20OR%20'1'='1"],
      ['a wildcard', () => '%25'],
      ['a NUL', (id) => `${id}%00`],
      ['1,000 characters', (id) => id.padEnd(1000, 'a')],
      ['characters of four bytes', () => encodeURIComponent('🔑'.repeat(9))],
      ['the id with a space behind it', (id) => `${id}%20`],
      ['the id with a space before it', (id) => `%20${id}`],
    ])('answers 404 to %s instead of an id, and no session ends', async (_what, spell) => {
      const { token, sessionId } = await signUp(app);

      const { body } = await end(spell(sessionId), token).expect(404);

      expect(body.code).toBe('session_not_found');
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });

    it('answers 404 to a session that has expired, which the list does not show either', async () => {
      const old = await signUp(app);
      app.clock.advanceSeconds(2_592_000);
      const { email, password } = old;
      const { body } = await app.post('/login').send({ email, password }).expect(200);

      await end(old.sessionId, body.access_token).expect(404);
    });

    it('answers 404 to no id at all', async () => {
      const { token } = await signUp(app);

      const { status } = await end('', token);

      // A trailing slash is the list, which cannot be deleted.
      expect([404, 405]).toContain(status);
      await app.get('/verify').auth(token, { type: 'bearer' }).expect(200);
    });
  });
});
