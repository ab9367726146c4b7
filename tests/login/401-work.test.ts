import { afterEach, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import work from '../../src/core/passwords/hash-worker.js';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { roundsOf } from '../support/hashing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';

const LIVE_COST = 6;

onEachDatabase((kind) => {
  describe('POST /login', () => {
    const app = useApp(kind, { BCRYPT_COST: String(LIVE_COST) });

    afterEach(() => {
      jest.restoreAllMocks();
    });

    it.each<[what: string, columns: { passwordHash?: string | null; disabledAt?: Date }, right: boolean]>([
      ['a wrong password', {}, false],
      ['an account without a password', { passwordHash: null }, false],
      ['a disabled account and a wrong password', { disabledAt: new Date() }, false],
      ['a disabled account and the right password', { disabledAt: new Date() }, true],
    ])('answers 401 after the rounds of one hash at the live cost to %s', async (_what, columns, right) => {
      const { id, email, password } = await signUp(app);
      if (Object.keys(columns).length > 0) await app.models.users.update(columns, { where: { id } });

      expect(await roundsOfLogin({ email, password: right ? password : `${CANARY} wrong` })).toBe(
        2 ** LIVE_COST,
      );
    });

    it('answers 401 after the rounds of one hash at the live cost to the right password of a disabled account whose hash has a lower cost', async () => {
      const { id, email, password } = await signUp(app);
      const passwordHash = await bcrypt.hash(password, LIVE_COST - 2);
      await app.models.users.update({ passwordHash, disabledAt: new Date() }, { where: { id } });

      expect(await roundsOfLogin({ email, password })).toBe(2 ** LIVE_COST);
    });

    it.each([
      ['an unknown email address', aPerson()],
      ['what is no email address', { email: 'ada', password: `${CANARY} of nobody` }],
      ['an unknown username', { username: 'nobody', password: `${CANARY} of nobody` }],
    ])('answers 401 after the rounds of one hash at the live cost to %s', async (_what, credentials) => {
      expect(await roundsOfLogin(credentials)).toBe(2 ** LIVE_COST);
    });

    /** Rounds of bcrypt that a refused login asks of the hash workers, counted by doing them once more in this process. */
    async function roundsOfLogin(credentials: object): Promise<number> {
      const compare = jest.spyOn(app.hashWorkers, 'compare');
      await app.post('/login').send(credentials).expect(401);
      const tasks = compare.mock.calls.map(([, task]) => task);
      return roundsOf(() => tasks.map(work));
    }
  });
});
