import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../../src/core/errors.ts';
import { OPERATOR, userAdminOf } from '../../support/admins.ts';
import { type TestApp, useApp } from '../../support/app.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { CANARY } from '../../support/logs.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { resetTokenOf } from '../../support/reset-tokens.ts';

const as = { type: 'bearer' } as const;
const GOOD = `${CANARY} a better horse`;
type SignedUp = Awaited<ReturnType<typeof signUp>>;

function reset(app: TestApp, token: unknown, newPassword: unknown = aPerson().password) {
  return app.post('/password/reset').send({ token, new_password: newPassword });
}

/** What tells whoever holds a token that was good why it is not any more. */
const WHY: Readonly<Record<string, string>> = {
  'was used': ERRORS.code_used.meaning,
  'has expired': ERRORS.code_expired.meaning,
  'was replaced by a newer one': ERRORS.code_replaced.meaning,
};

/** Ways in which a token is good for nothing, each made with a token of the person. */
const USELESS: [what: string, make: (app: TestApp, person: SignedUp) => Promise<string>][] = [
  ['was never made', async () => 'x'.repeat(43)],
  ['is empty', async () => ''],
  ['is as long as a body may be', async () => 'x'.repeat(8000)],
  [
    'is what the database keeps of one',
    async (app, { id }) => {
      await resetTokenOf(app, id);
      return (await app.models.challenges.findOne({ where: { userId: id } }))?.linkHash ?? '';
    },
  ],
  ['has another spelling', async (app, { id }) => `${await resetTokenOf(app, id)}=`],
  ['is an access token', async (_app, { token }) => token],
  [
    'was used',
    async (app, { id }) => {
      const token = await resetTokenOf(app, id);
      await reset(app, token).expect(204);
      return token;
    },
  ],
  [
    'has expired',
    async (app, { id }) => {
      const token = await resetTokenOf(app, id);
      app.clock.advanceSeconds(3600);
      return token;
    },
  ],
  [
    'was replaced by a newer one',
    async (app, { id }) => {
      const token = await resetTokenOf(app, id);
      await resetTokenOf(app, id);
      return token;
    },
  ],
  [
    'is from before the user changed the password',
    async (app, { id, token, password }) => {
      const resetToken = await resetTokenOf(app, id);
      app.clock.advanceSeconds(1);
      const change = { current_password: password, new_password: aPerson().password };
      await app.post('/me/password').auth(token, as).send(change).expect(204);
      return resetToken;
    },
  ],
  [
    'is of a user who is disabled by now',
    async (app, { id }) => {
      const token = await resetTokenOf(app, id);
      await userAdminOf(app).disable(id, OPERATOR);
      return token;
    },
  ],
  [
    'is of a user who is deleted by now',
    async (app, { id }) => {
      const token = await resetTokenOf(app, id);
      await userAdminOf(app).remove(id, OPERATOR);
      return token;
    },
  ],
];

onEachDatabase((kind) => {
  describe('POST /password/reset answers 400', () => {
    const app = useApp(kind);
    const hashOf = async (id: string) => (await app.models.users.findByPk(id))?.passwordHash;

    it.each(USELESS)(
      'invalid_reset_token, the same but for a reason, to a token that %s',
      async (what, make) => {
        const person = await signUp(app);
        const token = await make(app, person);
        const before = await hashOf(person.id);

        const refused = await reset(app, token).expect(400);
        const unknown = await reset(app, 'unknown').expect(400);

        expect(refused.body.code).toBe('invalid_reset_token');
        const { detail } = unknown.body;
        expect({ ...refused.body, instance: '' }).toEqual({
          ...unknown.body,
          instance: '',
          detail: WHY[what] ?? detail,
        });
        expect(await hashOf(person.id)).toBe(before);
      },
    );

    it.each([
      ['short', 'password_too_short'],
      ['qwertyuiop', 'password_common'],
      [`${CANARY} `.repeat(40), 'password_too_long'],
      ['EMAIL', 'password_personal'],
    ])('validation_failed to the new password %s, and the token is as good as before', async (text, code) => {
      const { id, email, password } = await signUp(app);
      const token = await resetTokenOf(app, id);

      const { body } = await reset(app, token, text.replace('EMAIL', email)).expect(400);

      expect(body.errors).toMatchObject([{ pointer: '/new_password', code }]);
      await app.post('/login').send({ email, password }).expect(200);
      await reset(app, token).expect(204);
    });

    it('validation_failed to a password that nobody may have, alike for a token that is good and for one that is not', async () => {
      const token = await resetTokenOf(app, (await signUp(app)).id);
      for (const password of ['short', 'qwertyuiop']) {
        const [good, unknown] = [await reset(app, token, password), await reset(app, 'unknown', password)];
        expect(good.body.code).toBe('validation_failed');
        expect({ ...unknown.body, instance: '' }).toEqual({ ...good.body, instance: '' });
      }
      await reset(app, token).expect(204);
    });

    it.each([
      [{ token: 1, new_password: GOOD }, '/token', 'wrong_type'],
      [{ new_password: GOOD }, '', 'one_proof'],
      [{ challenge_id: randomUUID(), new_password: GOOD }, '', 'one_proof'],
      [{ token: 'x', code: '000000', new_password: GOOD }, '', 'one_proof'],
      [{ token: 'x' }, '/new_password', 'required'],
      [{ token: 'x', new_password: null }, '/new_password', 'wrong_type'],
      [{ token: 'x', new_password: GOOD, email: 'x' }, '/email', 'unknown_field'],
      [{ token: '\ud800', new_password: GOOD }, '/token', 'malformed_text'],
    ])('validation_failed to %j', async (sent, pointer, code) => {
      const { body } = await app.post('/password/reset').type('json').send(JSON.stringify(sent)).expect(400);

      expect(body.errors).toMatchObject([{ pointer, code }]);
    });
  });

  describe('Tokens that have expired', () => {
    const app = useApp(kind);

    it('are removed by the task of every minute a day after they have expired, and others stay', async () => {
      const [old, young] = [await signUp(app), await signUp(app)];
      await resetTokenOf(app, old.id);
      app.clock.advanceSeconds(3_600 + 86_400);
      const token = await resetTokenOf(app, young.id);
      app.clock.advanceSeconds(1);

      await app.codes.housekeeping();

      const rows = await app.models.challenges.findAll({ where: { purpose: 'password_reset' }, raw: true });
      expect(rows.map(({ userId }) => userId)).toEqual([young.id]);
      await reset(app, token).expect(204);
    });
  });
});
