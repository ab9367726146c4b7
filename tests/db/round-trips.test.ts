import { describe, expect, it } from '@jest/globals';
import { newKey } from '../../src/core/api-keys/key.ts';
import { useApp } from '../support/app.ts';
import { makeClient, postForm } from '../support/clients.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';

onEachDatabase((kind) => {
  describe('The statements that a request sends to the database, those of its transaction included, are at most', () => {
    const app = useApp(kind);
    // On SQLite a transaction begins with a statement, which is no round trip there.
    const begin = kind === 'SQLite' ? 1 : 0;

    async function expectAtMost(limit: number, work: () => Promise<unknown>): Promise<void> {
      const statements = await statementsDuring(app, work);
      expect(statements.length).toBeGreaterThan(0);
      expect(statements.length > limit ? statements : []).toEqual([]);
    }

    it('six for a login, also from a known device and after wrong passwords', async () => {
      const { email, password } = await signUp(app);
      const logIn = (more: object = {}) =>
        app
          .post('/login')
          .send({ email, password, ...more })
          .expect(200);
      let device = {};
      await expectAtMost(6, async () => {
        const { body } = await logIn();
        device = { device_token: body.device_token };
      });

      await expectAtMost(6, () => logIn(device));
      await app
        .post('/login')
        .send({ email, password: `${CANARY} wrong` })
        .expect(401);
      await expectAtMost(6, () => logIn());
    });

    it('eleven for a sign-up, five of them for the code and the link that it mails', async () => {
      await expectAtMost(11 + begin, () => app.post('/signup').send(aPerson()).expect(201));
    });

    it('four for a logout', async () => {
      const { token } = await signUp(app);

      await expectAtMost(4 + begin, () => app.post('/logout').auth(token, { type: 'bearer' }).expect(204));
    });

    it('two for one look at the account', async () => {
      const { token } = await signUp(app);

      await expectAtMost(2, () => app.get('/me').auth(token, { type: 'bearer' }).expect(200));
    });

    it('three for a refresh', async () => {
      const { refreshToken } = await signUp(app);

      await expectAtMost(3, () => app.post('/refresh').send({ refresh_token: refreshToken }).expect(200));
    });

    it('three for the client that asks about a token, and no more than one for a refresh token', async () => {
      const client = await makeClient(app);
      const { token, refreshToken } = await signUp(app);
      const introspect = (shown: string) =>
        postForm(app, '/oauth/introspect', { token: shown }, client).expect(200);

      await expectAtMost(3, () => introspect(token));
      await expectAtMost(3, () => introspect('garbage'));
      await expectAtMost(4, () => introspect(refreshToken));
    });

    it('the same, and one for an API key that is not known here', async () => {
      const client = await makeClient(app);

      await expectAtMost(4, async () => {
        const { body } = await postForm(
          app,
          '/oauth/introspect',
          { token: newKey(app.keys.current) },
          client,
        ).expect(200);
        expect(body).toEqual({ active: false });
      });
    });

    it('as many, and the same, for a wrong password at an account as at none', async () => {
      const { email } = await signUp(app);
      const guess = (at: string) =>
        statementsDuring(app, () =>
          app
            .post('/login')
            .send({ email: at, password: `${CANARY} wrong` })
            .expect(401),
        );
      // Without the values, which differ.
      const verbs = (statements: readonly string[]) =>
        statements.map((sql) => sql.replace(/'[^']*'|\d+|NULL/g, '?'));

      const ofAccount = await guess(email);

      expect(ofAccount).toHaveLength(3);
      expect(verbs(await guess(aPerson().email))).toEqual(verbs(ofAccount));
      expect(verbs(await guess(email))).toEqual(verbs(ofAccount));
    });
  });
});
