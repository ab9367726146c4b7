import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anAdmin } from '../support/admins.ts';
import { queriesOf, setRoles } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { signUp } from '../support/people.ts';

onEachDatabase((kind) => {
  describe('POST /api-keys', () => {
    const app = useApp(kind);

    function create(token: string, wish: object) {
      return app.post('/api-keys').auth(token, { type: 'bearer' }).send(wish);
    }

    it('answers 201 with the key and all that is known of it, and nothing more', async () => {
      const { token } = await signUp(app);

      const { body, headers } = await create(token, { name: 'Backup' }).expect(201);

      expect(headers).toMatchObject({ location: `/api-keys/${body.id}`, 'cache-control': 'no-store' });
      expect(body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        name: 'Backup',
        prefix: body.key.slice(0, 7),
        last_four: body.key.slice(-4),
        scope: null,
        expires_at: null,
        last_used_at: null,
        created_at: new Date(app.clock.now()).toISOString(),
        key: expect.stringMatching(/^lk_[0-9A-Za-z]{49}$/),
      });
    });

    it('stores a hash of the key, never the key', async () => {
      const { token } = await signUp(app);

      const { body } = await create(token, { name: 'Backup' }).expect(201);

      const row = await app.models.apiKeys.findByPk(body.id);
      expect(row?.hash).toBe(createHash('sha256').update(body.key).digest('hex'));
      expect(JSON.stringify(row)).not.toContain(body.key.slice(7, -4));
    });

    it('answers 201 with the scope sorted, each permission once', async () => {
      const { token } = await anAdmin(app);

      const { body } = await create(token, { name: 'k', scope: 'users:read users:list users:read' }).expect(
        201,
      );

      expect(body.scope).toBe('users:list users:read');
    });

    it.each<[what: string, sent: unknown, kept: unknown]>([
      ['null, which is none', null, null],
      ['in UTC', '2099-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z'],
      ['with an offset', '2099-01-01T00:00:00+02:00', '2098-12-31T22:00:00.000Z'],
      ['at the end of all years', '9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ])('answers 201 with an expiry %s', async (_what, sent, kept) => {
      const { token } = await signUp(app);

      const { body } = await create(token, { name: 'k', expires_at: sent }).expect(201);

      expect(body.expires_at).toBe(kept);
      const { body: read } = await app
        .get(`/api-keys/${body.id}`)
        .auth(token, { type: 'bearer' })
        .expect(200);
      expect(read.expires_at).toBe(kept);
    });

    it.each<[what: string, sent: string, kept: string]>([
      ['in another alphabet', 'резервная копия', 'резервная копия'],
      ['of 100 symbols, the most there may be', '🔑'.repeat(100), '🔑'.repeat(100)],
      ['with space around it', '  Backup ', 'Backup'],
      ['that looks like SQL', "'; DROP TABLE api_keys; --", "'; DROP TABLE api_keys; --"],
    ])('answers 201 with a name %s', async (_what, sent, kept) => {
      const { token } = await signUp(app);

      const { body } = await create(token, { name: sent }).expect(201);

      expect(body.name).toBe(kept);
    });

    it('answers 201 with the same name twice: two keys', async () => {
      const { token } = await signUp(app);

      const [one, two] = [await create(token, { name: 'k' }), await create(token, { name: 'k' })];

      expect([one.status, two.status]).toEqual([201, 201]);
      expect(one.body.key).not.toBe(two.body.key);
      expect(one.body.id).not.toBe(two.body.id);
    });

    it('records who made it in the same transaction, without the key', async () => {
      const { id: userId, token, sessionId } = await anAdmin(app);
      const wish = { name: 'Backup', scope: 'users:list', expires_at: '2099-01-01T00:00:00.000Z' };

      const queries = await queriesOf(app, async () => {
        const { body } = await create(token, wish).set('User-Agent', 'Test/1.0').expect(201);

        const [event] = await app.store.audit.list({ subjectId: body.id }, 10, undefined);
        expect(event).toMatchObject({
          type: 'api_key.created',
          outcome: 'success',
          actor: { type: 'user', id: userId },
          ip: '127.0.0.1',
          userAgent: 'Test/1.0',
          details: wish,
        });
        expect(event?.sessionId).toBe(sessionId);
        expect(JSON.stringify(event)).not.toContain(body.key.slice(7, -4));
      });

      const inserts = queries
        .filter((sql) => /INSERT INTO/.test(sql))
        .map((sql) => /\(([^)]*)\)/.exec(sql)?.[1]);
      // The key, the permission that it names, and the event.
      expect(inserts).toHaveLength(3);
      expect(new Set(inserts).size).toBe(1);
      expect(inserts[0]).not.toBe('default');
    });

    it('answers 201 to a user whose roles have just changed, with what they may do now', async () => {
      const { id, email, password } = await signUp(app);
      await setRoles(app, id, ['user', 'admin']);
      const { body } = await app.post('/login').send({ email, password }).expect(200);

      await create(body.access_token, { name: 'k', scope: 'users:list' }).expect(201);
    });
  });
});
