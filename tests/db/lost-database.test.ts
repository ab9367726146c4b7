import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { QueryTypes, Sequelize } from 'sequelize';
import { applyMigrations } from '../../src/db/migrate.ts';
import { type TestApp, useApp } from '../support/app.ts';
import { onMysql } from '../support/databases.ts';
import { useMysqlBehindProxy } from '../support/mysql-behind-proxy.ts';
import { signUp } from '../support/people.ts';

const UNAVAILABLE = '503 database_unavailable Retry-After: 1';
const MAX_READINESS_ATTEMPTS = 30;

onMysql(() => {
  describe('A MySQL server that goes away', () => {
    const { app, proxy } = useMysqlBehindProxy();

    it('gives 503 with Retry-After on every route that needs it, and recovers without a restart', async () => {
      const person = await signUp(app);

      await proxy.refuse();
      const answers = await answersOf(app, person);
      await proxy.restore();

      expect(answers).toEqual(unavailableEverywhere());
      await expectService(app, person);
    });

    it('gives 503 instead of waiting when it falls silent, and frees the connections that hang', async () => {
      const person = await signUp(app);

      proxy.fallSilent();
      const answers = await answersOf(app, person);
      const moreThanThePool = Array.from({ length: app.config.database.poolMax * 2 }, () =>
        answerTo(app, person),
      );
      const stormed = await Promise.all(moreThanThePool);
      await proxy.restore();

      expect(answers).toEqual(unavailableEverywhere());
      expect(new Set(stormed)).toEqual(new Set([UNAVAILABLE]));
      await expectService(app, person);
    });

    it('gives 503 and no 500 when it falls silent behind the handshake of new connections', async () => {
      const person = await signUp(app);
      await proxy.refuse();
      await proxy.restore();

      proxy.stall();
      const answers = await Promise.all(Array.from({ length: 40 }, () => answerTo(app, person)));
      await proxy.refuse();
      await proxy.restore();

      expect(new Set(answers)).toEqual(new Set([UNAVAILABLE]));
      await expectService(app, person);
    });

    it('keeps the process healthy, so that it is not restarted in vain', async () => {
      await proxy.refuse();

      await app.get('/healthz').expect(200);

      await proxy.restore();
    });
  });
});

describe('An SQLite file that another process keeps locked', () => {
  const app = useApp('SQLite', { DATABASE_TIMEOUT_MS: '1500' });

  it('gives 503 to a sign-up instead of waiting, and takes it when the lock is gone', async () => {
    const { location } = app.config.database;
    const storage = 'storage' in location ? location.storage : '';
    const other = new Sequelize({ dialect: 'sqlite', storage, logging: false });
    await other.query('BEGIN EXCLUSIVE');

    const refused = await app
      .post('/signup')
      .send({ email: 'ada@example.com', password: 'canary in a coal mine' });
    await other.query('ROLLBACK');
    const accepted = await app
      .post('/signup')
      .send({ email: 'ada@example.com', password: 'canary in a coal mine' });

    expect(refused.body).toMatchObject({ status: 503, code: 'database_unavailable' });
    expect(accepted.status).toBe(201);
    await other.close();
  });
});

describe('An SQLite file', () => {
  const app = useApp('SQLite');
  const storage = () =>
    'storage' in app.config.database.location ? app.config.database.location.storage : '';
  const linesAbout = (message: string) =>
    app.logs.lines.filter((line) => JSON.parse(line).msg === `the database file ${message}`).length;

  /** The bytes of the file with all that was written. */
  async function content(): Promise<Buffer> {
    await app.database.sequelize.query('PRAGMA wal_checkpoint(TRUNCATE)');
    return readFileSync(storage());
  }

  function remove(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(storage() + suffix, { force: true });
  }

  it('that was deleted gives 503, one line in the log, and is used again once it is back', async () => {
    const person = await signUp(app);
    const bytes = await content();
    const before = linesAbout('is not there');

    remove();
    const answers = [await answersOf(app, person), await answersOf(app, person)];
    writeFileSync(storage(), bytes);

    expect(answers).toEqual([unavailableEverywhere(), unavailableEverywhere()]);
    await expectService(app, person);
    expect(linesAbout('is not there') - before).toBe(1);
    expect(linesAbout('is back')).toBe(1);
  });

  it('that was deleted may be replaced by a new one, which is not ready before it is migrated', async () => {
    const { email, password } = await signUp(app);

    remove();
    writeFileSync(storage(), '');
    const empty = [
      await judge(app.get('/readyz')),
      await judge(app.post('/login').send({ email, password })),
    ];
    await applyMigrations(app.config.database);

    expect(empty).toEqual(['503 not_ready Retry-After: 1', UNAVAILABLE]);
    await expectService(app, await signUp(app));
    await app.post('/login').send({ email, password }).expect(401);
  });

  it('that was damaged gives 503, one line in the log, and is used again once it is whole', async () => {
    const person = await signUp(app);
    const bytes = await content();
    const before = linesAbout('cannot be used');

    writeFileSync(storage(), randomBytes(bytes.length));
    const { signup, login, readyz } = await answersOf(app, person);
    writeFileSync(storage(), bytes);

    expect({ signup, login, readyz }).toEqual({
      signup: UNAVAILABLE,
      login: UNAVAILABLE,
      readyz: UNAVAILABLE,
    });
    await expectService(app, person);
    expect(linesAbout('cannot be used') - before).toBe(1);
  });

  it('of which one table was damaged gives 503 there and nowhere 500, is not ready, and is used again once it is whole', async () => {
    const person = await signUp(app);
    const bearer = { Authorization: `Bearer ${person.token}` };
    const bytes = await content();
    const [root] = await app.database.sequelize.query<{ rootpage: number }>(
      "SELECT rootpage FROM sqlite_master WHERE name = 'sessions'",
      { type: QueryTypes.SELECT },
    );
    const before = linesAbout('cannot be used');

    const damaged = Buffer.from(bytes);
    const pageBytes = bytes.readUInt16BE(16);
    damaged.fill(
      randomBytes(pageBytes),
      ((root?.rootpage ?? 0) - 1) * pageBytes,
      (root?.rootpage ?? 0) * pageBytes,
    );
    writeFileSync(storage(), damaged);
    await app.get('/sessions').set(bearer).expect(503);
    const mixed = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        app.get(index % 10 === 0 ? '/sessions' : '/api-keys').set(bearer),
      ),
    );
    const readiness = await judge(app.get('/readyz'));
    writeFileSync(storage(), bytes);

    expect(new Set(mixed.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(readiness).toBe(UNAVAILABLE);
    await expectService(app, person);
    expect(linesAbout('cannot be used') - before).toBe(1);
  });
});

interface Account {
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

async function answersOf(app: TestApp, { email, password, token }: Account): Promise<Record<string, string>> {
  const [signup = '', login = '', me = '', readyz = ''] = await Promise.all([
    judge(app.post('/signup').send({ email: 'new@example.com', password })),
    judge(app.post('/login').send({ email, password })),
    judge(app.get('/me').auth(token, { type: 'bearer' })),
    judge(app.get('/readyz')),
  ]);
  return { signup, login, me, readyz };
}

function answerTo(app: TestApp, { token }: Account): Promise<string> {
  return judge(app.get('/me').auth(token, { type: 'bearer' }));
}

async function judge(answer: ReturnType<TestApp['get']>): Promise<string> {
  const { status, body, headers } = await answer;
  return `${status} ${body.code} Retry-After: ${headers['retry-after']}`;
}

function unavailableEverywhere(): Record<string, string> {
  return { signup: UNAVAILABLE, login: UNAVAILABLE, me: UNAVAILABLE, readyz: UNAVAILABLE };
}

/** Connections that were being opened when the database came back may still fail once. */
async function untilReady(app: TestApp): Promise<void> {
  for (let attempts = 0; attempts < MAX_READINESS_ATTEMPTS; attempts++) {
    const { status } = await app.get('/readyz');
    if (status === 200) return;
  }
  throw new Error('the service did not recover');
}

async function expectService(app: TestApp, { email, password, token }: Account): Promise<void> {
  await untilReady(app);
  await app.get('/me').auth(token, { type: 'bearer' }).expect(200);
  await app.post('/login').send({ email, password }).expect(200);
}
