import { beforeAll, describe, expect, it } from '@jest/globals';
import { format } from 'mysql2';
import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import { ENDPOINTS } from '../authorization/endpoints.ts';
import { anAdmin } from './admins.ts';
import { makeKey } from './api-keys.ts';
import type { DatabaseKind } from './databases.ts';
import { type GoogleApp, useGoogleApp } from './google-app.ts';
import { signUp } from './people.ts';
import { fill, type Statement, statementsOf } from './query-plans.ts';

/** So many rows may be read for any statement: the longest page, and what belongs to one account. */
const MAX_ROWS_READ = 2_000;
const FILLED = [
  'users',
  'user_roles',
  'sessions',
  'login_failures',
  'api_keys',
  'ledger',
  'challenges',
  'counts',
  'outbox',
  'api_key_permissions',
  'identities',
  'passkeys',
];

/** Every statement that the service sends, tried on tables of so many rows. */
export function tryPlans(kind: DatabaseKind, rows: number): void {
  describe(`The statements on tables of ${rows.toLocaleString('en')} rows`, () => {
    const app = useGoogleApp(kind, { STORE_PROVIDER_TOKENS: 'true' });
    let statements: Statement[];

    beforeAll(async () => {
      await fill(app, rows);
      statements = await statementsOf(app, () => useEverything(app));
    }, 600_000);

    it('read no whole table while every operation and every task of every minute is used', async () => {
      expect(statements.length).toBeGreaterThan(100);
      const judge = kind === 'SQLite' ? scansOf : rowsReadBy;
      const bad: { sql: string; reads: unknown }[] = [];
      for (const statement of statements) {
        const reads = await judge(app.database.sequelize, statement);
        if (reads !== null) bad.push({ sql: statement.sql.slice(0, 1_000), reads });
      }
      expect(bad).toEqual([]);
    }, 600_000);
  });
}

/** Each operation as an administrator, each list by each way to search it, and what runs without being asked. */
async function useEverything(app: GoogleApp): Promise<void> {
  for (const { operation: name, method, ask } of ENDPOINTS) {
    const caller = await anAdmin(app);
    const { path, body, form } = await ask(app, caller);
    const request = app[method as 'post'](path);
    if (form === undefined) request.auth(caller.token ?? '', { type: 'bearer' });
    if (form !== undefined) request.type('form');
    const { status } = await request.send(form ?? body);
    expect({ name, isAnswered: status < 500 }).toEqual({ name, isAnswered: true });
  }

  const { token, id } = await anAdmin(app);
  const person = await signUp(app);
  const { key } = await makeKey(app, person.token);
  await app.patch('/me').auth(key, { type: 'bearer' }).send({ name: 'By a key' }).expect(200);
  await app.post('/login').send({ email: person.email, password: 'wrong' }).expect(401);
  await app.post('/login').send({ username: 'nobody', password: 'wrong' }).expect(401);
  await app.post('/refresh').send({ refresh_token: person.refreshToken }).expect(200);
  await app.post('/logout?scope=others').auth(person.token, { type: 'bearer' });
  const cursor = '55555555-5555-7555-8555-555555555555';
  const lists: Readonly<Record<string, readonly string[]>> = {
    '/me/activity': [''],
    '/admin/users': [
      '',
      'search=person-',
      'search=person-&state=active',
      'search=person-&state=disabled&role=admin',
      'search=person-&role=admin',
      'role=admin',
      'role=user',
      'role=admin&state=active',
      'role=admin&state=disabled',
      'state=active',
      'state=disabled',
    ],
    '/admin/audit': [
      '',
      `subject=${id}`,
      `actor=${id}`,
      'type=client.refused',
      `subject=${id}&type=client.refused`,
      `actor=${id}&type=user.updated&from=2026-01-01T00:00:00Z&until=2999-01-01T00:00:00Z`,
      'from=2026-01-01T00:00:00Z',
      'until=2999-01-01T00:00:00Z',
    ],
  };
  for (const [path, queries] of Object.entries(lists)) {
    for (const query of queries) {
      const ask = (rest: string) =>
        app.get(`${path}?${query}${rest}`).auth(token, { type: 'bearer' }).expect(200);
      await ask('');
      await ask(`&cursor=${cursor}`);
    }
  }

  const { store, follower, keyUsage, apiKeyUsage, clientRefusals, storedCosts } = app;
  const before = new Date(app.clock.now() - 86_400_000);
  await follower.catchUp();
  await follower.prune();
  await keyUsage.flush();
  await apiKeyUsage.flush();
  await clientRefusals.flush();
  await storedCosts.refresh();
  await store.loginFailures.prune(before);
  await store.apiKeys.prune(before);
  await store.audit.prune(before);
  await app.outbox.settled();
  await app.outbox.listLatest(50);
  await app.outbox.housekeeping();
  await app.codes.housekeeping();
}

/** How many rows MariaDB or MySQL reads for it, where those are too many. What it changes is taken back. */
async function rowsReadBy(sequelize: Sequelize, { sql, parameters }: Statement): Promise<number | null> {
  const text = Array.isArray(parameters) ? format(sql, parameters) : sql;
  const read = async (transaction: Transaction) => {
    const rows = await sequelize.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler\\_read%'", {
      type: QueryTypes.SELECT,
      transaction,
    });
    return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
  };
  const transaction = await sequelize.transaction();
  try {
    const before = await read(transaction);
    // What was inserted is there already.
    await sequelize.query(text, { transaction }).catch((error: Error) => {
      if (error.name !== 'SequelizeUniqueConstraintError') throw error;
    });
    const rows = (await read(transaction)) - before;
    return rows > MAX_ROWS_READ ? rows : null;
  } finally {
    await transaction.rollback();
  }
}

/** What SQLite scans for it, or finds by nothing but a range of ids where it looks for more. */
async function scansOf(sequelize: Sequelize, { sql, parameters }: Statement): Promise<string[] | null> {
  const values = (parameters ?? {}) as Record<string, unknown>;
  const text = sql.replace(/\$\d+\b/g, (name) => {
    const value = values[name] ?? null;
    return value === null ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`;
  });
  const plan = await sequelize.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, {
    type: QueryTypes.SELECT,
  });
  const isUnconditional = !/\bWHERE\b/i.test(text) && /\bLIMIT\b/i.test(text);
  const bad = plan
    .map(({ detail }) => detail)
    .filter((detail) => FILLED.some((table) => new RegExp(`^(SCAN|SEARCH) ${table}\\b`).test(detail)))
    .filter((detail) => detail.startsWith('SCAN') || (/\(id[<>]\?\)$/.test(detail) && hasMore(text)))
    .filter((detail) => !(isUnconditional && detail.startsWith('SCAN')));
  return bad.length === 0 ? null : bad;
}

/** Whether the condition of a statement names another column than the id. Most are not disabled. */
function hasMore(sql: string): boolean {
  const [, where = ''] = /\bWHERE\b(.*?)(?:\bORDER\b|$)/is.exec(sql) ?? [];
  return /`?\b(?!id\b|disabled_at\b)(?:\w+)`?\s*(?:=|<>|IS NULL|IS NOT|IN \()/i.test(
    where.replace(/'[^']*'/g, 'v'),
  );
}
