import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { codeFor, signInBy } from '../support/codes.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;
const ROUNDS = 8;

onEachDatabase((kind) => {
  describe('A lock-down at the moment of a sign-in', () => {
    const app = useApp(kind);

    it.each(['a password', 'a code'])('leaves no session that was begun with %s', async (way) => {
      for (let round = 0; round < ROUNDS; round++) {
        const person = await signUp(app);
        await app.store.users.verifyEmail(person.id, person.email, new Date(app.clock.now()));
        const { email, password } = person;
        const sent = await codeFor(app, { email });
        const signIn = () =>
          way === 'a code' ? signInBy(app, sent) : app.post('/login').send({ email, password });

        const [locked] = await Promise.all([
          app.post('/me/lockdown').auth(person.token, as),
          signIn(),
          way === 'a code' ? undefined : signIn(),
        ]);

        expect(locked.status).toBe(204);
        const live = await app.store.sessions.listLive(person.id, new Date(app.clock.now()));
        expect(live).toEqual([]);
      }
    });
  });
});
