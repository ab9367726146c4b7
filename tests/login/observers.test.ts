import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { comparable, type Identifier, waitOut } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, aUsername, signUp } from '../support/people.ts';

type Person = ReturnType<typeof aPerson> & { readonly username: string };

onEachDatabase((kind) => {
  describe('What a stranger sees who tries wrong passwords at an email address and a username', () => {
    const app = useApp(kind, { LOGIN_MAX_FAILURES: '20' });

    /** All that two wrong passwords by each name show, and then many more once `between` has happened. */
    async function observe({ email, username }: Person, between: () => Promise<unknown>) {
      const seen: unknown[] = [];
      const guess = async (identifier: Identifier) => {
        const response = await app.post('/login').send({ ...identifier, password: `${CANARY} wrong` });
        seen.push(comparable(response));
        return response.status;
      };
      for (const identifier of [{ email }, { email }, { username }, { username }]) await guess(identifier);
      await between();
      for (let round = 0; round < 5; round++) {
        for (const identifier of [{ email }, { username }]) {
          await guess(identifier);
          if ((await guess(identifier)) === 429) waitOut(app);
        }
      }
      return seen;
    }

    const nothing = async () => {};
    const aNamed = (): Person => ({ ...aPerson(), username: aUsername() });

    async function anOwner(): Promise<Person & { readonly id: string; readonly token: string }> {
      const username = aUsername();
      return { ...(await signUp(app, { username })), username };
    }

    it.each<[event: string, between: (owner: Awaited<ReturnType<typeof anOwner>>) => Promise<unknown>]>([
      ['nothing happens', nothing],
      ['its owner logs in by email', ({ email, password }) => logIn({ email, password })],
      ['its owner logs in by username', ({ username, password }) => logIn({ username, password })],
      [
        'its owner logs in ten times at once',
        ({ email, password }) => Promise.all(Array.from({ length: 10 }, () => logIn({ email, password }))),
      ],
      ['its owner logs in on a known device', (owner) => logInOnKnownDevice(owner)],
      ['its owner changes the password', ({ token, password }) => changePassword(token, password)],
      ['its owner deletes it', ({ token, password }) => remove(token, password)],
      ['an administrator unlocks it', ({ id }) => app.store.loginFailures.clearAccount(id)],
    ])('is the same of an account as of none where meanwhile %s', async (_event, between) => {
      const owner = await anOwner();

      const ofAccount = await observe(owner, () => between(owner));

      expect(ofAccount).toEqual(await observe(aNamed(), nothing));
    });

    it('is the same of names that become those of an account meanwhile', async () => {
      const person = aNamed();

      const ofAccount = await observe(person, () => app.post('/signup').send(person).expect(201));

      expect(ofAccount).toEqual(await observe(aNamed(), nothing));
    });

    it('is the same of one name while its owner logs in by the other, so that nothing ties the two together', async () => {
      const { email, username, password } = await anOwner();
      const guess = async () =>
        comparable(await app.post('/login').send({ username, password: `${CANARY} wrong` }));
      const before = [await guess(), await guess()];

      await logIn({ email, password });

      const unknown = aUsername();
      const expected: unknown[] = [];
      for (let time = 0; time < 3; time++) {
        expected.push(
          comparable(await app.post('/login').send({ username: unknown, password: `${CANARY} wrong` })),
        );
      }
      expect([...before, await guess()]).toEqual(expected);
    });

    const logIn = (credentials: object) => app.post('/login').send(credentials).expect(200);

    async function logInOnKnownDevice({ email, password }: Person): Promise<void> {
      const { body } = await logIn({ email, password });
      await logIn({ email, password, device_token: body.device_token });
    }

    const changePassword = (token: string, current_password: string) =>
      app
        .post('/me/password')
        .auth(token, { type: 'bearer' })
        .send({ current_password, new_password: `${CANARY} another one to be had` })
        .expect(204);

    const remove = (token: string, password: string) =>
      app.delete('/me').auth(token, { type: 'bearer' }).send({ password }).expect(204);
  });
});
