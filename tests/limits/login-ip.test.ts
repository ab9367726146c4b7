import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aNetwork, expectLimited, quotasOf } from '../support/quotas.ts';

const POLICY = { policy: 'login-ip', limit: 3, windowSeconds: 60 };

onEachDatabase((kind) => {
  describe('POST /login under login-ip', () => {
    const app = useApp(kind, { RATE_LIMIT_LOGIN_IP: '3/60', LOGIN_FREE_FAILURES: '5', TRUST_PROXY: '1' });

    function logInFrom(address: string, credentials: object) {
      return app.post('/login').set('X-Forwarded-For', address).send(credentials);
    }

    async function aMember() {
      const { email, password } = await signUp(app);
      return { email, password };
    }

    /** A network that has tried as often as it may, each time an unknown account. */
    async function usedUp(): Promise<string> {
      const address = aNetwork();
      for (let count = 0; count < POLICY.limit; count++) await logInFrom(address, aPerson()).expect(401);
      return address;
    }

    it('tells with every answer what is left, whether the password was right, wrong or missing', async () => {
      const [address, person] = [aNetwork(), await aMember()];

      const answers = [
        await logInFrom(address, person),
        await logInFrom(address, { ...person, password: 'canary in the wrong mine' }),
        await logInFrom(address, { email: person.email }),
      ];

      expect(answers.map(({ status }) => status)).toEqual([200, 401, 400]);
      const quotas = answers.map((answer) => quotasOf(answer)[0]);
      expect(quotas).toEqual([
        { ...POLICY, remaining: 2, resetSeconds: expect.any(Number) },
        { ...POLICY, remaining: 1, resetSeconds: expect.any(Number) },
        { ...POLICY, remaining: 0, resetSeconds: expect.any(Number) },
      ]);
      for (const quota of quotas) {
        expect(quota?.resetSeconds).toBeGreaterThanOrEqual(1);
        expect(quota?.resetSeconds).toBeLessThanOrEqual(POLICY.windowSeconds);
      }
    });

    it('lists what is left to the network and to the account, in one field each', async () => {
      const [address, person] = [aNetwork(), await aMember()];

      const right = await logInFrom(address, person).expect(200);
      const wrong = await logInFrom(address, { ...person, password: 'canary in the wrong mine' }).expect(401);

      expect(right.headers['ratelimit-policy']).toBe('"login-ip";q=3;w=60, "login-account";q=5;w=86400');
      expect(right.headers.ratelimit).toMatch(/^"login-ip";r=2;t=\d+, "login-account";r=5;t=\d+$/);
      expect(wrong.headers['ratelimit-policy']).toBe('"login-ip";q=3;w=60, "login-account";q=5;w=86400');
      expect(wrong.headers.ratelimit).toMatch(/^"login-ip";r=1;t=\d+, "login-account";r=4;t=\d+$/);
    });

    it('refuses the one over the limit with 429, even with the right password', async () => {
      const address = await usedUp();

      expectLimited(await logInFrom(address, await aMember()), POLICY);
    });

    it('starts no session for the refused one and counts no failure', async () => {
      const { sessions, loginFailures } = app.models;
      const [address, person] = [await usedUp(), await aMember()];
      const before = [await sessions.count(), await loginFailures.findAll({ raw: true })];

      await logInFrom(address, person).expect(429);
      await logInFrom(address, { ...person, password: 'canary in the wrong mine' }).expect(429);

      expect([await sessions.count(), await loginFailures.findAll({ raw: true })]).toEqual(before);
    });

    it('refuses no client of another network, and no sign-up', async () => {
      const [address, person] = [await usedUp(), await aMember()];
      await logInFrom(address, person).expect(429);

      const elsewhere = await logInFrom(aNetwork(), person).expect(200);
      const signup = await app.post('/signup').set('X-Forwarded-For', address).send(aPerson()).expect(201);

      expect(quotasOf(elsewhere)[0]).toMatchObject({ policy: 'login-ip', remaining: 2 });
      expect(quotasOf(signup).map(({ policy }) => policy)).toEqual(['signup-ip']);
    });
  });

  describe('POST /login that has to wait for its account', () => {
    const app = useApp(kind, { RATE_LIMIT_LOGIN_IP: '9/60', LOGIN_FREE_FAILURES: '1' });

    it('names login-account as what is used up, and still lists what is left to the network', async () => {
      const { email } = await signUp(app);
      const wrong = { email, password: 'canary in the wrong mine' };
      await app.post('/login').send(wrong).expect(401);

      const response = await app.post('/login').send(wrong).expect(429);

      expect(response.body.policy).toBe('login-account');
      expect(quotasOf(response)).toMatchObject([
        { policy: 'login-ip', limit: 9, remaining: 7 },
        { policy: 'login-account', limit: 1, remaining: 0 },
      ]);
      const [, account] = quotasOf(response);
      expect(response.headers['retry-after']).toBe(String(account?.resetSeconds));
    });
  });
});
