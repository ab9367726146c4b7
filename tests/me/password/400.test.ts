import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { onOneDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { aPerson, aUsername, signUp } from '../../support/people.ts';

onOneDatabase((kind) => {
  describe('POST /me/password', () => {
    const app = useApp(kind);

    /** Sends the body in the name of a new user, whose password must be the same afterwards. */
    async function expectRefusal(
      makeBody: (person: { email: string; password: string; username: string }) => unknown,
      pointer: string,
      code: string,
    ) {
      const username = aUsername();
      const { email, password, token } = await signUp(app, { username, name: 'Grace Hopper' });

      const response = await app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .type('json')
        .send(JSON.stringify(makeBody({ email, password, username })))
        .expect(400);

      expect(response.type).toBe('application/problem+json');
      expect(response.body.code).toBe('validation_failed');
      expect(response.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
      expect(response.text).not.toContain(password);
      await app.post('/login').send({ email, password }).expect(200);
    }

    it.each<[string, string]>([
      ['', 'password_too_short'],
      [`${CANARY}!`, 'password_too_short'],
      [CANARY.repeat(43), 'password_too_long'],
      ['qwertyuiop', 'password_common'],
      ['Latchkey2024', 'password_personal'],
      ['Grace Hopper', 'password_personal'],
      ['EMAIL', 'password_personal'],
      ['USERNAME', 'password_personal'],
    ])('answers 400 to the new password %j (%s), and the old one stays', async (newPassword, code) => {
      await expectRefusal(
        ({ email, username, password }) => ({
          current_password: password,
          new_password: newPassword.replace('EMAIL', email).replace('USERNAME', username),
        }),
        '/new_password',
        code,
      );
    });

    it.each([[['text']], [{ $ne: null }], [42], [true], [null]])(
      'answers 400 to %j in place of either password',
      async (value) => {
        await expectRefusal(
          () => ({ current_password: value, new_password: aPerson().password }),
          '/current_password',
          'wrong_type',
        );
        await expectRefusal(
          ({ password }) => ({ current_password: password, new_password: value }),
          '/new_password',
          'wrong_type',
        );
      },
    );

    it.each<[string, (password: string) => string]>([
      ['the current password', (password) => password],
      ['the current password, composed in another way', (password) => password.normalize('NFD')],
    ])('answers 400 to %s as the new one, once the current one was correct', async (_what, spelled) => {
      const person = { password: `${CANARY} caf\u00e9 staple` };
      const { token, id, email, password } = await signUp(app, person);
      const change = (current: string, next: string) =>
        app
          .post('/me/password')
          .auth(token, { type: 'bearer' })
          .send({ current_password: current, new_password: next });

      const refused = await change(password, spelled(password)).expect(400);
      const guessed = await change(`${CANARY} guess`, `${CANARY} guess`).expect(403);

      expect(refused.body.errors).toMatchObject([{ pointer: '/new_password', code: 'password_unchanged' }]);
      expect(guessed.body.code).toBe('wrong_password');
      const entries = await app.store.audit.list({ subjectId: id, type: 'password.refused' }, 50, undefined);
      expect(entries.map(({ details }) => details.reason)).toEqual(['wrong_password', 'validation_failed']);
      await app.post('/login').send({ email, password }).expect(200);
      await change(password, aPerson().password).expect(204);
    });

    it('answers 400 to a missing current password, which a stolen token must not replace', () =>
      expectRefusal(() => ({ new_password: aPerson().password }), '/current_password', 'required'));

    it('answers 400 to a missing new password', () =>
      expectRefusal(({ password }) => ({ current_password: password }), '/new_password', 'required'));

    it('answers 400 to an unknown field', () =>
      expectRefusal(
        ({ password }) => ({ current_password: password, new_password: aPerson().password, user: 'eve' }),
        '/user',
        'unknown_field',
      ));

    it('answers 400 to a current password of 1025 characters, before any hashing', () =>
      expectRefusal(
        () => ({ current_password: CANARY.padEnd(1025), new_password: aPerson().password }),
        '/current_password',
        'password_too_long',
      ));

    it('answers 400 to half of a surrogate pair in the new password', () =>
      expectRefusal(
        ({ password }) => ({ current_password: password, new_password: `${CANARY} \ud800` }),
        '/new_password',
        'malformed_text',
      ));

    it('answers 400 to an array', () => expectRefusal(() => [], '', 'wrong_type'));

    it('answers 400 to no body at all', async () => {
      const { token } = await signUp(app);

      const response = await app.post('/me/password').auth(token, { type: 'bearer' }).expect(400);

      expect(response.body.code).toBe('validation_failed');
    });

    it('answers 400 to a malformed Authorization header', async () => {
      const { email, password, token } = await signUp(app);

      const response = await app
        .post('/me/password')
        .set('Authorization', `Bearer ${token} ${token}`)
        .send({ current_password: password, new_password: aPerson().password })
        .expect(400);

      expect(response.body.code).toBe('invalid_request');
      await app.post('/login').send({ email, password }).expect(200);
    });
  });
});
