import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { readHighestCosts } from '../../src/core/passwords/hash-costs.store.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

/** The cost at which the app hashes. */
const LIVE_COST = 4;

onEachDatabase((kind) => {
  describe('The cost of the hashes that are stored', () => {
    const app = useApp(kind);

    /** A user whose stored hash is of this cost, made here or elsewhere. */
    async function userOfCost(cost: number, isOwn: boolean) {
      const person = await signUp(app);
      const row = await app.models.users.findByPk(person.id);
      const hash = isOwn
        ? row?.passwordHash?.replace('$04$', `$0${cost}$`)
        : await bcrypt.hash(person.password, cost);
      await app.models.users.update({ passwordHash: hash ?? null }, { where: { id: person.id } });
      return person;
    }

    it('is that at which they are made, where there are no others', async () => {
      await signUp(app);

      await app.storedCosts.refresh();

      expect(app.storedCosts.workCost()).toBe(LIVE_COST);
    });

    it('leaves out what another system made more than one cost higher, which no login compares', async () => {
      const { email, password } = await userOfCost(6, false);

      await app.storedCosts.refresh();
      const { body } = await app.post('/login').send({ email, password }).expect(401);

      expect(body.code).toBe('invalid_credentials');
      expect(app.storedCosts.workCost()).toBe(LIVE_COST);
      expect(app.logs.entries()).toContainEqual(
        expect.objectContaining({
          msg: 'password hash rejected: its bcrypt cost is above BCRYPT_COST + 1',
        }),
      );
    });

    it('is known of new accounts once they are looked for', async () => {
      const { email, password } = await userOfCost(5, false);

      await app.storedCosts.refresh();

      expect(app.storedCosts.workCost()).toBe(5);
      await app.post('/login').send({ email, password }).expect(200);
    });

    it('is that of a former BCRYPT_COST as long as one is left, however high', async () => {
      await userOfCost(7, true);

      await app.storedCosts.refresh();

      expect(app.storedCosts.workCost()).toBe(7);
    });

    it('is read of own, of usable and of unusable hashes', async () => {
      const costs = await readHighestCosts(app.database, 5);

      expect(costs).toEqual({ own: 7, imported: undefined, unusable: 6 });
    });
  });
});
