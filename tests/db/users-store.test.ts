import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('A user whose stored hash is no longer the one that was verified', () => {
    const app = useApp(kind);
    const at = new Date();

    it('is neither deleted nor given another password', async () => {
      const { id } = await signUp(app);
      const { users } = app.store;

      expect(await users.remove(id, 'another hash')).toBe(false);
      expect(await users.replacePasswordHash(id, 'another hash', 'a new hash')).toBe(false);
      expect(await users.changePassword(id, 'another hash', 'a new hash', at)).toBe(false);
      expect((await users.findById(id))?.passwordHash).toMatch(/^lk1:/);
    });

    it('is deleted without a hash only where there is none', async () => {
      const { users } = app.store;
      const [withHash, without, disabled] = [await signUp(app), await signUp(app), await signUp(app)];
      await users.clearPassword(without.id, at);
      await users.clearPassword(disabled.id, at);
      await users.disable(disabled.id, at);

      expect(await users.remove(withHash.id, null)).toBe(false);
      expect(await users.remove(without.id, 'another hash')).toBe(false);
      expect(await users.remove(disabled.id, null)).toBe(false);
      expect(await users.remove(without.id, null)).toBe(true);
      expect(await users.findById(without.id)).toBeNull();
      expect(await users.findById(withHash.id)).not.toBeNull();
    });

    it('is neither, also with the right hash, once the account is disabled', async () => {
      const { id } = await signUp(app);
      const { users } = app.store;
      const hash = (await users.findById(id))?.passwordHash ?? '';
      await users.disable(id, at);

      expect(await users.remove(id, hash)).toBe(false);
      expect(await users.replacePasswordHash(id, hash, 'a new hash')).toBe(false);
      expect(await users.changePassword(id, hash, 'a new hash', at)).toBe(false);
      expect(await users.disable(id, at)).toBe(false);
    });
  });
});
