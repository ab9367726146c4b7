import { describe, expect, it } from '@jest/globals';
import { useApp } from '../../support/app.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { refusalOf } from '../../support/codes.ts';
import { onEachDatabase } from '../../support/databases.ts';
import { anAssertion, aPasskeyOwner, requestOptions } from '../../support/passkeys.ts';
import { aPerson, signUp } from '../../support/people.ts';
import { statementsDuring } from '../../support/queries.ts';

const NAMED = 20;

interface Options {
  readonly challenge_token: string;
  readonly public_key: { readonly allowCredentials: readonly { readonly id: string }[] };
}

onEachDatabase((kind) => {
  const app = useApp(kind);
  const idsOf = ({ public_key }: Options) => public_key.allowCredentials.map(({ id }) => id);

  describe('POST /login/passkey/options', () => {
    it('asks nobody in particular, and does not ask the database', async () => {
      let body: unknown;

      const statements = await statementsDuring(app, async () => {
        ({ body } = await app.post('/login/passkey/options').expect(200));
      });

      expect(statements).toEqual([]);
      expect(body).toEqual({
        challenge_token: expect.any(String),
        public_key: {
          challenge: expect.stringMatching(/^[\w-]{43}$/),
          timeout: 300_000,
          rpId: 'auth.example.com',
          userVerification: 'preferred',
          allowCredentials: [],
        },
      });
    });

    it('names as many credentials for an address whether it has passkeys, none, or no account', async () => {
      const owner = await aPasskeyOwner(app);
      const [person, stranger] = [await signUp(app), aPerson()];

      const answers = await Promise.all(
        [owner, person, stranger].map(({ email }) => app.post('/login/passkey/options').send({ email })),
      );

      const shapes = answers.map(({ status, body, headers }) => ({
        status,
        length: body.challenge_token.length,
        members: Object.keys(body.public_key),
        named: body.public_key.allowCredentials.map((one: object) => Object.keys(one)),
        isSorted: idsOf(body).join() === [...idsOf(body)].sort().join(),
        headers: Object.keys(headers).sort(),
      }));
      expect(shapes[0]).toMatchObject({ status: 200, isSorted: true });
      expect(shapes[0]?.named).toHaveLength(NAMED);
      expect(shapes[1]).toEqual(shapes[0]);
      expect(shapes[2]).toEqual(shapes[0]);
      expect(idsOf(answers[0]?.body)).toContain(owner.authenticator.credentialId);
    });

    it('names the same each time, and others for another address', async () => {
      const [{ email }, other] = [aPerson(), aPerson()];

      const [first, again, others] = [
        await requestOptions(app, email),
        await requestOptions(app, email.toUpperCase()),
        await requestOptions(app, other.email),
      ];

      expect(idsOf(again)).toEqual(idsOf(first));
      expect(idsOf(others).filter((id) => idsOf(first).includes(id))).toEqual([]);
      expect(new Set(idsOf(first)).size).toBe(NAMED);
    });

    it('sends the database the same statements whether or not there is an account', async () => {
      const owner = await aPasskeyOwner(app);
      const during = async (email: string) => {
        const statements = await statementsDuring(app, () => requestOptions(app, email));
        return statements.map((statement) => statement.replace(/'[^']*'/g, '?'));
      };

      expect(await during(aPerson().email)).toEqual(await during(owner.email));
    });

    it('does not tell by a refusal which of the ids are real', async () => {
      const owner = await aPasskeyOwner(app);
      const { credentialId } = owner.authenticator;
      const forger = createAuthenticator();
      forger.create({ challenge: '', rp: { id: '' }, user: { id: '' } });
      const options = await requestOptions(app, owner.email);
      const decoy = idsOf(options).find((id) => id !== credentialId) ?? '';

      const refusals = [];
      for (const email of [owner.email, undefined])
        for (const id of [credentialId, decoy]) {
          const said = { credentialId: id, userHandle: null, ...(email !== undefined && { email }) };
          const answer = await app.post('/login/passkey').send(await anAssertion(app, forger, said));
          const { instance, ...body } = answer.body;
          refusals.push({ refusal: refusalOf(answer), body });
        }

      expect(refusals[0]?.refusal).toBe('400 invalid_passkey');
      for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
    });

    it('refuses what is no address', async () => {
      const answer = await app.post('/login/passkey/options').send({ email: 'nobody' });

      expect(answer.body.errors).toMatchObject([{ pointer: '/email', code: 'invalid_email' }]);
    });
  });
});
