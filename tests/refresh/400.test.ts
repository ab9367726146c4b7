import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onOneDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';
import { countQueries } from '../support/queries.ts';

onOneDatabase((kind) => {
  describe('POST /refresh', () => {
    const app = useApp(kind);

    it('answers 400 to no body at all', async () => {
      const { body } = await app.post('/refresh').expect(400);

      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '', code: 'required' }] });
    });

    it('answers 400 to an empty object, and names the missing member', async () => {
      const { body } = await app.post('/refresh').send({}).expect(400);

      expect(body.errors).toEqual([
        { pointer: '/refresh_token', code: 'required', detail: expect.any(String) },
      ]);
    });

    it.each([[null], [1], [true], [['TOKEN']], [{ token: 'TOKEN' }]])(
      'answers 400 to the refresh token %j, which is no string',
      async (wrong) => {
        const { body } = await app.post('/refresh').send({ refresh_token: wrong }).expect(400);

        expect(body).toMatchObject({
          code: 'validation_failed',
          errors: [{ pointer: '/refresh_token', code: 'wrong_type' }],
        });
      },
    );

    it.each(['[]', '["TOKEN"]'])('answers 400 to the body %s', async (text) => {
      const { body } = await app.post('/refresh').type('json').send(text).expect(400);

      expect(body.code).toBe('validation_failed');
    });

    it.each([
      ['"TOKEN"', 'validation_failed'],
      ['null', 'validation_failed'],
      ['{"refresh_token":', 'invalid_json'],
      ['refresh_token=TOKEN', 'invalid_json'],
    ])('answers 400 to the body %s, which is no JSON object: %s', async (text, code) => {
      const { body } = await app.post('/refresh').type('json').send(text).expect(400);

      expect(body.code).toBe(code);
    });

    it('answers 400 to half of a surrogate pair, which no encoding carries', async () => {
      const { body } = await app
        .post('/refresh')
        .type('json')
        .send('{"refresh_token":"\\ud800"}')
        .expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/refresh_token', code: 'malformed_text' }]);
    });

    it('answers 400 to an unknown member, without spending the token beside it or repeating it', async () => {
      const { refreshToken, sessionId } = await signUp(app);

      const response = await app
        .post('/refresh')
        .send({ refresh_token: refreshToken, grant_type: 'refresh_token' })
        .expect(400);

      expect(response.body.errors).toMatchObject([{ pointer: '/grant_type', code: 'unknown_field' }]);
      expect(response.text).not.toContain(refreshToken);
      expect((await app.models.sessions.findByPk(sessionId))?.refreshCounter).toBe(0);
    });

    it('answers 400 to a token in the query, where logs would keep it', async () => {
      const { refreshToken, sessionId } = await signUp(app);

      await app.post('/refresh').query({ refresh_token: refreshToken }).expect(400);

      expect((await app.models.sessions.findByPk(sessionId))?.refreshCounter).toBe(0);
      expect(app.logs.lines.join('')).not.toContain(refreshToken);
    });

    it('makes no database query for any of it', async () => {
      const ask = () => app.post('/refresh').send({ refresh_token: 1 }).expect(400);

      expect(await countQueries(app, ask)).toBe(0);
    });
  });
});
