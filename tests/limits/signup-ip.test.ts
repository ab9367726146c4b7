import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson } from '../support/people.ts';
import { aNetwork, expectLimited, quotasOf, remainingOf } from '../support/quotas.ts';

const POLICY = { policy: 'signup-ip', limit: 3, windowSeconds: 60 };
const LIMITS = { RATE_LIMIT_SIGNUP_IP: '3/60', TRUST_PROXY: '1' };

onEachDatabase((kind) => {
  describe('POST /signup under signup-ip', () => {
    const app = useApp(kind, LIMITS);

    function signUpFrom(address: string, person: object = aPerson()) {
      return app.post('/signup').set('X-Forwarded-For', address).send(person);
    }

    /** A network that has signed up as often as it may. */
    async function usedUp(): Promise<string> {
      const address = aNetwork();
      for (let count = 0; count < POLICY.limit; count++) await signUpFrom(address).expect(201);
      return address;
    }

    it('tells with every answer what is left, also where the sign-up is refused for what it says', async () => {
      const [address, person] = [aNetwork(), aPerson()];

      const answers = [
        await signUpFrom(address, person),
        await signUpFrom(address, person),
        await signUpFrom(address, {}),
      ];

      expect(answers.map(({ status }) => status)).toEqual([201, 409, 400]);
      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      for (const answer of answers) {
        const [{ resetSeconds = Number.NaN, ...quota } = {}] = quotasOf(answer);
        expect(quota).toMatchObject(POLICY);
        expect(resetSeconds).toBeGreaterThanOrEqual(1);
        expect(resetSeconds).toBeLessThanOrEqual(POLICY.windowSeconds);
      }
    });

    it('refuses the one over the limit with 429, and says when to come back', async () => {
      const address = await usedUp();

      expectLimited(await signUpFrom(address), POLICY);
      expectLimited(await signUpFrom(address, {}), POLICY);
    });

    it('makes no account for the refused one, who can sign up from elsewhere', async () => {
      const { users, sessions } = app.models;
      const [address, person] = [await usedUp(), aPerson()];
      const before = [await users.count(), await sessions.count()];

      await signUpFrom(address, person).expect(429);

      expect([await users.count(), await sessions.count()]).toEqual(before);
      await signUpFrom(aNetwork(), person).expect(201);
    });

    it('refuses no client of another network, and no login', async () => {
      const address = await usedUp();
      await signUpFrom(address).expect(429);
      const person = aPerson();

      const elsewhere = await signUpFrom(aNetwork(), person).expect(201);
      const login = await app
        .post('/login')
        .set('X-Forwarded-For', address)
        .send({ email: person.email, password: person.password })
        .expect(200);

      expect(remainingOf([elsewhere])).toEqual([2]);
      expect(quotasOf(login).map(({ policy }) => policy)).not.toContain('signup-ip');
    });
  });

  describe('POST /signup with SIGNUP_DISABLED under signup-ip', () => {
    const app = useApp(kind, { RATE_LIMIT_SIGNUP_IP: '3/60', SIGNUP_DISABLED: 'true' });

    it('counts like any other', async () => {
      const answers = [];
      for (let count = 0; count < 3; count++) answers.push(await app.post('/signup').send(aPerson()));

      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect(remainingOf(answers)).toEqual([2, 1, 0]);
      expectLimited(await app.post('/signup').send(aPerson()), POLICY);
    });
  });
});
