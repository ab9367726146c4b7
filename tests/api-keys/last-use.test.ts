import { describe, expect, it } from '@jest/globals';
import { createApiKeyUsage } from '../../src/core/api-keys/last-use.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { makeKey, queriesOf } from '../support/api-keys.ts';
import { createTestClock, useApp } from '../support/app.ts';
import { createTestDatabase, onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { createLogSink } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';
import { startServer } from '../support/server-process.ts';

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

  describe('The last use of an API key', () => {
    const newDirectory = useDirectories();

    it('is written down when the service stops', async () => {
      const database = await createTestDatabase(kind);
      const env = { DATABASE_URL: database.url, MIGRATE_ON_START: 'true', BCRYPT_COST: '4' };
      const begin = async (directory: string) => {
        const server = await startServer(directory, { ...env, PUBLIC_URL: 'https://auth.example.com' });
        const send = async (method: string, path: string, token: unknown, body?: object) => {
          const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
          const init =
            body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
          return (await fetch(server.url + path, init)).json() as Promise<Record<string, string | null>>;
        };
        return { server, send };
      };
      const directory = newDirectory();
      const first = await begin(directory);
      const { access_token } = await first.send('POST', '/signup', '', aPerson());
      const { id, key } = await first.send('POST', '/api-keys', access_token, { name: 'k' });
      await first.send('GET', '/verify', key);
      expect((await first.send('GET', `/api-keys/${id}`, access_token)).last_used_at).toBeNull();

      expect(await first.server.stop()).toBe(0);

      const second = await begin(directory);
      const { last_used_at } = await second.send('GET', `/api-keys/${id}`, access_token);
      expect(Date.now() - Date.parse(String(last_used_at))).toBeLessThan(60_000);
      await second.server.stop();
      await database.drop();
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
