import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRevocationSet } from '@latchkey/verifier/core';
import type { Transaction } from 'sequelize';
import { loadConfig } from '../../src/config/config.ts';
import { createRevocationFollower } from '../../src/core/revocation/follower.ts';
import type { Revocation } from '../../src/core/revocation/revocation.ts';
import { createRevocationTable, type RevocationTable } from '../../src/core/revocation/revocations.store.ts';
import { storesOf } from '../../src/core/stores.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { applyMigrations } from '../../src/db/migrate.ts';
import { createStore } from '../../src/db/store.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createTestClock, startApp, type TestApp } from '../support/app.ts';
import { createTestDatabase, onEachDatabase, onMysql, type TestDatabase } from '../support/databases.ts';
import { recordedRevocations } from '../support/feed.ts';
import { modelsOf } from '../support/models.ts';
import { signUp } from '../support/people.ts';
import { useTwoApps } from '../support/two-apps.ts';

const MAX_LAG_SECONDS = 10;
/** How long a missing id is waited for. */
const PATIENCE_SECONDS = 120;
const LIFETIME_SECONDS = 910;
const PAGE_ROWS = 10_000;

type Clock = ReturnType<typeof createTestClock>;

/** What one process has: its own connections, its own set, and a follower that reads when told to. */
async function startProcess(url: string, clock: Clock, isFollowed = () => false) {
  const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: url });
  const database = await connectDatabase(config.database);
  const store = createStore(database, storesOf);
  const revocations = createRevocationSet();
  const reads: number[] = [];
  const counts: number[] = [];
  let rows = 0;
  const inDatabase = createRevocationTable(database);
  const table: RevocationTable = {
    async list(after, upTo, limit) {
      reads.push(after);
      const page = await inDatabase.list(after, upTo, limit);
      rows += page.length;
      return page;
    },
    countAbove(positions, upTo) {
      counts.push(positions[0] ?? 0);
      return inDatabase.countAbove(positions, upTo);
    },
  };
  const log = createLogWatch();
  const follower = createRevocationFollower({
    stores: store,
    table,
    revocations,
    clock,
    logger: createLogger('info', log),
    maxLagSeconds: MAX_LAG_SECONDS,
    isFollowed,
  });
  return {
    config,
    database,
    store,
    revocations,
    follower,
    log,
    /** The positions behind which rows were asked for. */
    reads,
    /** The positions behind which rows were counted, since some below others were missing. */
    counts,
    rowsRead: () => rows,
    knows: (sessionId: string) => revocations.isRevoked({ sid: sessionId, sub: '', iat: 0 }),
  };
}

/** Keeps log entries, and tells when one with a given message comes. */
function createLogWatch() {
  const entries: Record<string, unknown>[] = [];
  const waiting: { message: string; resolve: () => void }[] = [];
  return {
    entries,
    write(line: string) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      entries.push(entry);
      for (const { message, resolve } of waiting) if (entry.msg === message) resolve();
    },
    next: (message: string) =>
      new Promise<void>((resolve) => {
        waiting.push({ message, resolve });
      }),
  };
}

function ofSession(subjectId: string, clock: Clock, lifetimeSeconds = LIFETIME_SECONDS): Revocation {
  const expiresAt = new Date(clock.now() + lifetimeSeconds * 1000);
  return { kind: 'session', subjectId, notBefore: null, expiresAt };
}

onEachDatabase((kind) => {
  describe('Following revocations', () => {
    let testDatabase: TestDatabase;
    let clock: Clock;
    let first: Awaited<ReturnType<typeof startProcess>>;
    let second: Awaited<ReturnType<typeof startProcess>>;

    beforeEach(async () => {
      testDatabase = await createTestDatabase(kind);
      clock = createTestClock();
      first = await startProcess(testDatabase.url, clock);
      await applyMigrations(first.config.database);
      second = await startProcess(testDatabase.url, clock);
    });
    afterEach(async () => {
      second.follower.stop();
      await first.database.close();
      await second.database.close();
      await testDatabase.drop();
    });

    async function revoke(...sessionIds: string[]): Promise<void> {
      const at = new Date(clock.now());
      await first.store.revocations.insert(
        sessionIds.map((id) => ofSession(id, clock)),
        at,
      );
    }

    it('brings every process what another one wrote', async () => {
      const [before, after] = [randomUUID(), randomUUID()];
      await revoke(before);
      await second.follower.catchUp();
      await revoke(after);
      expect([before, after].map(second.knows)).toEqual([true, false]);

      await second.follower.catchUp();

      expect([before, after].map(second.knows)).toEqual([true, true]);
    });

    it('reads once more for all who ask while it reads: that reading may have begun too early for them', async () => {
      const id = randomUUID();
      await revoke(id);

      await Promise.all(Array.from({ length: 20 }, () => second.follower.catchUp()));

      expect(second.knows(id)).toBe(true);
      expect(second.reads).toHaveLength(2);
    });

    it('makes known at once what this process has revoked, and reads it only where others follow', async () => {
      let isFollowed = false;
      const process = await startProcess(testDatabase.url, clock, () => isFollowed);
      const [alone, followed] = [randomUUID(), randomUUID()];

      process.follower.announce([ofSession(alone, clock)]);
      const readsAlone = process.reads.length;
      isFollowed = true;
      process.follower.announce([ofSession(followed, clock)]);
      await process.follower.catchUp();

      expect([alone, followed].map(process.knows)).toEqual([true, true]);
      expect([readsAlone, process.reads.length]).toEqual([0, 2]);
      await process.database.close();
    });

    it('keeps the times of a revocation to the millisecond and names users as users', async () => {
      const subjectId = randomUUID();
      const notBefore = new Date(clock.now() + 5000);
      const expiresAt = new Date(clock.now() + 910_123);
      await first.store.revocations.insert([{ kind: 'user', subjectId, notBefore, expiresAt }], notBefore);

      const [read] = await recordedRevocations(second);

      expect(read).toEqual({
        position: expect.any(Number),
        kind: 'user',
        subjectId,
        notBefore,
        expiresAt,
        createdAt: notBefore,
      });
    });

    it('reads what is new and not everything each time', async () => {
      await revoke(randomUUID(), randomUUID(), randomUUID());
      await second.follower.catchUp();
      const last = (await recordedRevocations(second)).at(-1)?.position;

      await second.follower.catchUp();

      expect(second.reads).toEqual([0, last]);
    });

    it('fills a process that starts with everything that still counts', async () => {
      const ids = Array.from({ length: 5 }, () => randomUUID());
      await revoke(...ids);

      const restarted = await startProcess(testDatabase.url, clock);
      await restarted.follower.catchUp();

      expect(ids.map(restarted.knows)).toEqual([true, true, true, true, true]);
      await restarted.database.close();
    });

    it('goes on over rows that were removed before it could read them', async () => {
      await revoke(randomUUID(), randomUUID());
      clock.advanceSeconds(LIFETIME_SECONDS + PATIENCE_SECONDS + 1);
      await first.follower.prune();
      // The last one stays: it tells a process that starts up to where others have read.
      expect((await recordedRevocations(first)).map(({ position }) => position)).toEqual([2]);
      const alive = randomUUID();
      await revoke(alive);

      await second.follower.catchUp();
      expect(second.knows(alive)).toBe(true);
      await second.follower.catchUp();

      expect(second.reads).toEqual([0, 3]);
      expect(second.counts).toEqual([]);
    });

    it('waits for an id that is missing, and no longer than a transaction could still bring it', async () => {
      const { revocations } = modelsOf(first.database);
      await revoke(randomUUID(), randomUUID(), randomUUID());
      await revocations.destroy({ where: { id: 2 } });
      await second.follower.catchUp();

      clock.advanceSeconds(PATIENCE_SECONDS);
      await second.follower.catchUp();
      clock.advanceSeconds(1);
      await second.follower.catchUp();
      await second.follower.catchUp();

      expect(second.counts).toEqual([1, 1, 1]);
      expect(second.rowsRead()).toBe(2);
    });

    it('waits for an id below one that was written by a process whose clock is an hour behind', async () => {
      const { revocations } = modelsOf(first.database);
      await second.follower.catchUp();
      const anHourAgo = new Date(clock.now() - 3_600_000);
      await revocations.create({ ...ofSession(randomUUID(), clock), id: 2, createdAt: anHourAgo });
      await second.follower.catchUp();
      const late = randomUUID();
      await revocations.create({ ...ofSession(late, clock), id: 1, createdAt: anHourAgo });

      await second.follower.catchUp();

      expect(second.knows(late)).toBe(true);
    });

    it('reads no row again for gaps, however many there are', async () => {
      const { revocations } = modelsOf(first.database);
      const rows = Array.from({ length: 3000 }, (_, index) => ({
        ...ofSession(randomUUID(), clock),
        id: 3 * index + 2,
        createdAt: new Date(clock.now()),
      }));
      await revocations.bulkCreate(rows);
      await second.follower.catchUp();

      for (let poll = 0; poll < 5; poll++) await second.follower.catchUp();

      expect(rows.every(({ subjectId }) => second.knows(subjectId))).toBe(true);
      expect(second.rowsRead()).toBe(rows.length);
    });

    it('reads what appears below, wherever that is, and goes on where something is removed', async () => {
      const { revocations } = modelsOf(first.database);
      const createdAt = new Date(clock.now());
      const rows = Array.from({ length: 1000 }, (_, index) => ({
        ...ofSession(randomUUID(), clock),
        id: 3 * index + 2,
        createdAt,
      }));
      await revocations.bulkCreate(rows);
      await second.follower.catchUp();
      const late = Array.from({ length: 5 }, (_, index) => ({
        ...ofSession(randomUUID(), clock),
        id: 1 + index * 750 - (index === 4 ? 3 : 0),
        createdAt,
      }));

      await revocations.bulkCreate(late);
      await revocations.destroy({ where: { id: [8, 2000] } });
      await second.follower.catchUp();
      const rowsRead = second.rowsRead();
      await second.follower.catchUp();

      expect(late.filter(({ subjectId }) => !second.knows(subjectId))).toEqual([]);
      expect(second.rowsRead()).toBe(rowsRead);
    });

    it('prunes what has expired from memory and from the tables, and nothing that may still count', async () => {
      const [old, recent] = [randomUUID(), randomUUID()];
      await revoke(old);
      clock.advanceSeconds(LIFETIME_SECONDS);
      await revoke(recent);
      await second.follower.catchUp();
      clock.advanceSeconds(PATIENCE_SECONDS + 1);

      await second.follower.prune();

      expect(second.revocations.size()).toBe(1);
      expect(second.knows(recent)).toBe(true);
      const left = await recordedRevocations(first);
      expect(left.map(({ subjectId }) => subjectId)).toEqual([recent]);
    });

    it('rejects where it cannot prune, so that it is reported, and goes on following', async () => {
      const { sequelize } = first.database;
      const missed = randomUUID();
      await sequelize.query('ALTER TABLE revocations RENAME TO away');

      await expect(second.follower.prune()).rejects.toThrow();

      await sequelize.query('ALTER TABLE away RENAME TO revocations');
      await revoke(missed);
      await second.follower.catchUp();
      expect(second.knows(missed)).toBe(true);
    });

    it('rejects where the table cannot be read, and is stale once that lasted too long', async () => {
      const { sequelize } = first.database;
      await second.follower.catchUp();
      expect(second.follower.lagMilliseconds()).toBe(0);
      await sequelize.query('ALTER TABLE revocations RENAME TO away');

      await expect(second.follower.catchUp()).rejects.toThrow();
      clock.advanceSeconds(MAX_LAG_SECONDS);
      const atTheLimit = second.follower.isStale();
      clock.advanceSeconds(0.001);
      const beyond = second.follower.isStale();

      await sequelize.query('ALTER TABLE away RENAME TO revocations');
      expect([atTheLimit, beyond]).toEqual([false, true]);
      await second.follower.catchUp();
      expect(second.follower.isStale()).toBe(false);
    });

    it('is stale before it has read the table for the first time', () => {
      expect(second.follower.isStale()).toBe(true);
    });

    it('by itself twice a second, says in the log when it cannot and when it can again, each once', async () => {
      const { sequelize } = first.database;
      await second.follower.catchUp();
      await sequelize.query('ALTER TABLE revocations RENAME TO away');
      const stale = second.log.next('revocations are stale');
      const again = second.log.next('revocations are followed again');

      second.follower.start();
      clock.advanceSeconds(MAX_LAG_SECONDS + 1);
      await stale;
      const missed = randomUUID();
      await sequelize.query('ALTER TABLE away RENAME TO revocations');
      await revoke(missed);
      await again;

      expect(second.knows(missed)).toBe(true);
      const messages = second.log.entries.map(({ msg, level }) => `${level} ${msg}`);
      expect(messages.filter((message) => message.endsWith('revocations are stale'))).toEqual([
        '50 revocations are stale',
      ]);
      expect(messages.at(-1)).toBe('30 revocations are followed again');
      expect(messages.filter((message) => message.startsWith('40'))).toEqual([
        '40 could not read revocations',
      ]);
    });
  });

  describe('A revocation in one process', () => {
    const apps = useTwoApps(kind);

    async function codeAt(app: TestApp, token: string): Promise<string> {
      const { status, body } = await app.get('/verify').auth(token, { type: 'bearer' });
      return status === 200 ? 'accepted' : body.code;
    }

    it('counts there at once, and in the other after its next read', async () => {
      const { token } = await signUp(apps.first);

      await apps.first.post('/logout').auth(token, { type: 'bearer' }).expect(204);

      expect([await codeAt(apps.first, token), await codeAt(apps.second, token)]).toEqual([
        'token_revoked',
        'accepted',
      ]);
      await apps.second.follower.catchUp();
      expect(await codeAt(apps.second, token)).toBe('token_revoked');
    });

    it('reaches the other one for a reused refresh token, a new password and a deleted account', async () => {
      const reused = await signUp(apps.first);
      const next = await apps.first.post('/refresh').send({ refresh_token: reused.refreshToken }).expect(200);
      await apps.first.post('/refresh').send({ refresh_token: next.body.refresh_token }).expect(200);
      for (const app of [apps.first, apps.second]) app.clock.advanceSeconds(11);
      await apps.first.post('/refresh').send({ refresh_token: reused.refreshToken }).expect(401);
      const changed = await signUp(apps.first);
      const { email, password } = changed;
      const login = await apps.first.post('/login').send({ email, password }).expect(200);
      await apps.first
        .post('/me/password')
        .auth(changed.token, { type: 'bearer' })
        .send({ current_password: password, new_password: `${password} and more` })
        .expect(204);
      const deleted = await signUp(apps.first);
      await apps.first
        .delete('/me')
        .auth(deleted.token, { type: 'bearer' })
        .send({ password: deleted.password })
        .expect(204);

      await apps.second.follower.catchUp();

      const tokens = [reused.token, login.body.access_token, deleted.token];
      expect(await Promise.all(tokens.map((token) => codeAt(apps.second, token)))).toEqual(
        Array(3).fill('token_revoked'),
      );
      expect(await codeAt(apps.second, changed.token)).toBe('accepted');
    });
  });

  describe('A revocation after ACCESS_TOKEN_TTL_SECONDS was lowered', () => {
    it('counts for as long as tokens from before the change are alive', async () => {
      let shared = '';
      const before = await startApp(kind, { ACCESS_TOKEN_TTL_SECONDS: '3600' }, (url) => {
        shared = url;
        return url;
      });
      const after = await startApp(kind, { ACCESS_TOKEN_TTL_SECONDS: '60' }, () => shared);
      const { token } = await signUp(before);

      await after.post('/logout').auth(token, { type: 'bearer' }).expect(204);
      after.clock.advanceSeconds(600);
      await after.follower.catchUp();
      await after.follower.prune();
      const { status } = await after.get('/verify').auth(token, { type: 'bearer' });

      await after.stop();
      await before.stop();
      expect(status).toBe(401);
    });
  });
});

onMysql(() => {
  describe('A revocation that is committed late', () => {
    let testDatabase: TestDatabase;
    let clock: Clock;
    let writer: Awaited<ReturnType<typeof startProcess>>;
    let reader: Awaited<ReturnType<typeof startProcess>>;

    beforeEach(async () => {
      testDatabase = await createTestDatabase('MySQL');
      clock = createTestClock();
      writer = await startProcess(testDatabase.url, clock);
      await applyMigrations(writer.config.database);
      reader = await startProcess(testDatabase.url, clock);
    });
    afterEach(async () => {
      await writer.database.close();
      await reader.database.close();
      await testDatabase.drop();
    });

    /** Inserts within a transaction that stays open, so that the id is given out and cannot be seen. */
    async function insertWithoutCommit(database: Database, subjectId: string) {
      const { sequelize } = database;
      const models = modelsOf(database);
      const transaction: Transaction = await sequelize.transaction();
      const row = { ...ofSession(subjectId, clock), createdAt: new Date(clock.now()) };
      const { id } = await models.revocations.create(row, { transaction });
      return { id, transaction };
    }

    async function insert(subjectId: string): Promise<void> {
      await writer.store.revocations.insert([ofSession(subjectId, clock)], new Date(clock.now()));
    }

    it('is applied at the next read under a higher id that is read already', async () => {
      const [late, early] = [randomUUID(), randomUUID()];
      const { id, transaction } = await insertWithoutCommit(writer.database, late);
      await insert(early);
      const [committed] = await recordedRevocations(reader);
      expect(committed?.position).toBeGreaterThan(id);

      await reader.follower.catchUp();
      expect([late, early].map(reader.knows)).toEqual([false, true]);
      await transaction.commit();
      await reader.follower.catchUp();

      expect([late, early].map(reader.knows)).toEqual([true, true]);
    });

    it('is applied when several reads and many more rows lie between', async () => {
      const late = [randomUUID(), randomUUID()];
      const committed = Array.from({ length: 6 }, () => randomUUID());
      await insert(randomUUID());
      const one = await insertWithoutCommit(writer.database, late[0] ?? '');
      await insert(committed[0] ?? '');
      const other = await insertWithoutCommit(writer.database, late[1] ?? '');
      for (const id of committed.slice(1)) {
        clock.advanceSeconds(10);
        await insert(id);
        await reader.follower.catchUp();
      }

      await other.transaction.commit();
      await reader.follower.catchUp();
      expect(late.map(reader.knows)).toEqual([false, true]);
      await one.transaction.commit();
      await reader.follower.catchUp();

      expect([...late, ...committed].every(reader.knows)).toBe(true);
      const before = reader.counts.length;
      await reader.follower.catchUp();
      expect(reader.counts).toHaveLength(before);
    });

    it('does not hold up reading for good where it is rolled back instead', async () => {
      const { transaction } = await insertWithoutCommit(writer.database, randomUUID());
      await insert(randomUUID());
      await reader.follower.catchUp();
      await transaction.rollback();

      await reader.follower.catchUp();
      clock.advanceSeconds(PATIENCE_SECONDS + 1);
      await reader.follower.catchUp();
      await reader.follower.catchUp();

      expect(reader.counts).toEqual([0, 0, 0]);
    });

    it('is applied among many gaps, and little is read again for it', async () => {
      const { sequelize } = writer.database;
      const models = modelsOf(writer.database);
      // As a node of a cluster gives ids out.
      const gaps = Array.from({ length: 2000 }, (_, index) => ({
        ...ofSession(randomUUID(), clock),
        id: 1 + 3 * index,
        createdAt: new Date(clock.now()),
      }));
      await models.revocations.bulkCreate(gaps);
      await reader.follower.catchUp();
      const before = reader.rowsRead();
      const late = randomUUID();
      const transaction = await sequelize.transaction();
      const row = { ...ofSession(late, clock), id: 5900, createdAt: new Date(clock.now()) };
      await models.revocations.create(row, { transaction });
      await reader.follower.catchUp();
      const [knewBefore, readBefore] = [reader.knows(late), reader.rowsRead() - before];
      await transaction.commit();
      await reader.follower.catchUp();
      const readFor = reader.rowsRead() - before;
      await reader.follower.catchUp();

      expect([knewBefore, readBefore, reader.knows(late)]).toEqual([false, 0, true]);
      expect(readFor).toBeLessThanOrEqual(65);
      expect(reader.rowsRead() - before).toBe(readFor);
    });

    it('is applied by a process that starts while it is still open', async () => {
      const late = randomUUID();
      const { transaction } = await insertWithoutCommit(writer.database, late);
      await insert(randomUUID());
      const restarted = await startProcess(testDatabase.url, clock);
      await restarted.follower.catchUp();

      await transaction.commit();
      await restarted.follower.catchUp();

      expect(restarted.knows(late)).toBe(true);
      await restarted.database.close();
    });
  });
});

describe('Following revocations in pages', () => {
  it('reads more than two pages of them at once, also behind a missing id, and goes on after the last', async () => {
    const testDatabase = await createTestDatabase('SQLite');
    const clock = createTestClock();
    const writer = await startProcess(testDatabase.url, clock);
    await applyMigrations(writer.config.database);
    const count = 2 * PAGE_ROWS + 500;
    const ids = Array.from({ length: count }, (_, index) => `session-${index}`);
    const createdAt = new Date(clock.now());
    for (let start = 0; start < count; start += 5000) {
      const rows = ids.slice(start, start + 5000).map((id, index) => ({
        ...ofSession(id, clock),
        // Id 1 is missing.
        id: start + index + 2,
        createdAt,
      }));
      await modelsOf(writer.database).revocations.bulkCreate(rows);
    }
    const reader = await startProcess(testDatabase.url, clock);

    await reader.follower.catchUp();
    expect(reader.revocations.size()).toBe(count);
    expect(reader.reads).toEqual([0, PAGE_ROWS + 1, 2 * PAGE_ROWS + 1]);
    clock.advanceSeconds(PATIENCE_SECONDS + 1);
    await writer.store.revocations.insert([ofSession('another', clock)], new Date(clock.now()));
    await reader.follower.catchUp();
    await reader.follower.catchUp();

    expect(reader.knows('another')).toBe(true);
    expect(reader.reads.at(-1)).toBe(count + 2);
    expect(reader.rowsRead()).toBe(count + 1);
    await writer.database.close();
    await reader.database.close();
    await testDatabase.drop();
  });
});
