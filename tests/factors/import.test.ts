import { beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { answer, challengeFor, totpOf } from '../support/factors.ts';
import { aPerson } from '../support/people.ts';

const as = { type: 'bearer' } as const;
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('Users who are imported with the secret of an authenticator app', () => {
  const app = useApp('SQLite');
  let token = '';
  beforeAll(async () => {
    ({ token } = await anAdmin(app));
  });

  const importAll = async (users: readonly object[]) =>
    (await app.post('/admin/users/import').auth(token, as).send({ users }).expect(200)).body;

  it.each([
    ['as apps show it', SECRET],
    ['in lower case with spaces', SECRET.toLowerCase().replaceAll(/(.{4})/g, '$1 ')],
    ['padded', `${SECRET.slice(0, 26)}======`],
  ])('sign in with a code of theirs, where it is written %s', async (_how, totp_secret) => {
    const person = aPerson();
    const password_hash = await bcrypt.hash(person.password, 4);
    const { imported } = await importAll([{ email: person.email, password_hash, totp_secret }]);
    expect(imported).toBe(1);

    const challenge = await challengeFor(app, person);
    expect(challenge.methods).toEqual(['totp']);
    const secret = totp_secret.replaceAll(/[\s=]/g, '').toUpperCase();
    const { body } = await answer(app, challenge, totpOf(app, { secret })).expect(200);

    // They have no recovery codes yet, and make some when they like.
    await app.post('/me/recovery-codes').auth(body.access_token, as).expect(201);
    expect((await app.get('/me/factors').auth(body.access_token, as)).body).toMatchObject({
      totp: [{ name: null }],
      recovery_codes: 10,
    });
  });

  it('are refused one by one where it is no secret', async () => {
    const users = ['', 'A'.repeat(15), `${SECRET}1`, 'otpauth://totp/Ada?secret=X', 'A'.repeat(104)].map(
      (totp_secret) => ({ email: aPerson().email, totp_secret }),
    );

    const { imported, results } = await importAll([{ email: aPerson().email }, ...users]);

    expect(imported).toBe(1);
    for (const { code, detail } of results.slice(1))
      expect({ code, detail }).toEqual({
        code: 'validation_failed',
        detail: expect.stringContaining('Must be a secret in base32 of 16 to 103 characters'),
      });
  });
});
