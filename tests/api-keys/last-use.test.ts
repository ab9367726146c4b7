import { describe, expect, it } from '@jest/globals';
import { createApiKeyUsage } from '../../src/core/api-keys/last-use.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { makeKey, queriesOf } from '../support/api-keys.ts';
import { createTestClock, useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { createLogSink } from '../support/logs.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('The last use of an API key', () => {
    const app = useApp(kind);

    async function lastUseOf(id: string, token: string): Promise<string | null> {
      const { body } = await app.get(`/api-keys/${id}`).auth(token, { type: 'bearer' }).expect(200);
      return body.last_used_at;
    }

    it('is shown after the next writing down, and costs requests no write', async () => {
      const { token } = await signUp(app);
      const { id, key } = await makeKey(app, token);

      const queries = await queriesOf(app, async () => {
        for (let use = 0; use < 5; use++) {
          app.clock.advanceSeconds(1);
          await app.get('/verify').auth(key, { type: 'bearer' }).expect(200);
        }
      });
      const usedAt = app.clock.now();
      app.clock.advanceSeconds(40);

      expect(queries.filter((sql) => !sql.includes('SELECT'))).toEqual([]);
      expect(await lastUseOf(id, token)).toBeNull();
      const writes = await queriesOf(app, async () => {
        await app.apiKeyUsage.flush();
        await app.apiKeyUsage.flush();
      });
      expect(writes).toHaveLength(1);
      expect(await lastUseOf(id, token)).toBe(new Date(usedAt).toISOString());
    });

    it('never goes back, whatever another process writes later', async () => {
      const { token } = await signUp(app);
      const { id } = await makeKey(app, token);
      const [earlier, later] = [new Date(app.clock.now() + 1000), new Date(app.clock.now() + 2000)];

      await app.store.apiKeys.recordUse(id, later);
      await app.store.apiKeys.recordUse(id, earlier);

      expect(await lastUseOf(id, token)).toBe(later.toISOString());
    });

    it('does not count a key that was refused', async () => {
      const { token } = await signUp(app);
      const expiresAt = new Date(app.clock.now() + 1000).toISOString();
      const { id, key } = await makeKey(app, token, { expires_at: expiresAt });
      app.clock.advanceSeconds(1);
      await app.get('/verify').auth(key, { type: 'bearer' }).expect(401);

      await app.apiKeyUsage.flush();

      expect((await app.models.apiKeys.findByPk(id))?.lastUsedAt).toBeNull();
    });
  });
});

describe('The notes of uses', () => {
  it('are kept for the next time where the database is away, and a later use is not lost meanwhile', async () => {
    const clock = createTestClock();
    const logs = createLogSink();
    const written: [string, number][] = [];
    let isAway = true;
    const store = {
      recordUse: async (id: string, at: Date) => {
        if (isAway) throw new Error('away');
        if (written.length === 0) {
          clock.advanceSeconds(1);
          usage.note(id);
        }
        written.push([id, at.getTime()]);
      },
    };
    const usage = createApiKeyUsage(store, clock, createLogger('info', logs));
    const usedAt = clock.now();
    usage.note('a');
    usage.note('b');

    await usage.flush();
    expect(logs.entries()).toMatchObject([{ msg: 'the use of API keys could not be recorded' }]);
    isAway = false;
    await usage.flush();
    await usage.flush();
    await usage.flush();

    expect(written).toEqual([
      ['a', usedAt],
      ['b', usedAt],
      ['a', usedAt + 1000],
    ]);
  });
});
