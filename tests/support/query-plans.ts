import { QueryTypes } from 'sequelize';
import { openSequelize } from '../../src/db/sequelize.ts';
import type { TestApp } from './app.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: unknown;
}

interface Querying {
  readonly dialect: {
    readonly Query: { prototype: { run: (sql: string, parameters?: unknown) => Promise<unknown> } };
  };
}

/** What is sent to the database during `work`, each kind of statement once. Other apps of this process count too. */
export async function statementsOf(app: TestApp, work: () => Promise<void>): Promise<Statement[]> {
  // Sequelize's logging leaves bound values out.
  const { prototype } = (app.database.sequelize as unknown as Querying).dialect.Query;
  const { run } = prototype;
  const found = new Map<string, Statement>();
  prototype.run = function (sql, parameters) {
    if (/^(SELECT|INSERT|UPDATE|DELETE)/i.test(sql) && !/sqlite_master|@@/i.test(sql)) {
      // Values do not make another statement, nor does how many there are in a list.
      const kind = sql.replace(/'(?:[^'\\]|''|\\.)*'|\b\d+\b/g, 'v').replace(/\(v(?:, v)+\)/g, '(v)');
      if (!found.has(kind)) found.set(kind, { sql, parameters });
    }
    return run.call(this, sql, parameters);
  };
  try {
    await work();
  } finally {
    prototype.run = run;
  }
  return [...found.values()];
}

const PORTION_ROWS = 50_000;
/** The others have so many at most, which tells a plan as well and takes less time. */
const OTHER_ROWS = 100_000;
const LARGEST = ['users', 'ledger'];

/** Makes `count` rows of each large table, of people without a part in the test, some new and some old. */
export async function fill(app: TestApp, count: number): Promise<void> {
  const { sequelize } = app.database;
  const isSqlite = sequelize.getDialect() === 'sqlite';
  const text = (prefix: string, width = 12, suffix = '') =>
    isSqlite
      ? `printf('${prefix}%0${width}d${suffix}', n)`
      : `CONCAT('${prefix}', LPAD(n, ${width}, '0'), '${suffix}')`;
  const numbers = (first: number, last: number) =>
    `WITH RECURSIVE numbers(n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last})`;
  const now = `'${new Date(app.clock.now())
    .toISOString()
    .replace('T', ' ')
    .replace('Z', isSqlite ? ' +00:00' : '')}'`;
  const user = text('11111111-0000-7000-8000-');
  const id = (digit: number) => text(`${String(digit).repeat(8)}-0000-7000-8000-`);
  const rows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    users: {
      id: user,
      email: text('filler', 12, '@example.com'),
      email_canonical: text('filler', 12, '@example.com'),
      username: text('filler_', 10),
      username_canonical: text('filler_', 10),
      created_at: now,
      updated_at: now,
    },
    user_roles: { user_id: user, role: "'user'" },
    sessions: {
      id: id(2),
      user_id: user,
      method: "'password'",
      created_at: now,
      last_used_at: now,
      idle_expires_at: "'2999-01-01 00:00:00.000'",
      absolute_expires_at: "'2999-01-01 00:00:00.000'",
      refresh_counter: '0',
    },
    login_failures: {
      account: user,
      device: "''",
      failures: '1',
      failed_at: now,
      recent_failures: '1',
      waits_until_ms: '0',
    },
    api_keys: {
      id: id(3),
      user_id: user,
      name: "'filler'",
      hash: text('filler', 58),
      prefix: "'lck_filler'",
      last_four: "'last'",
      created_at: now,
    },
    api_key_permissions: { api_key_id: id(3), permission: "'users:read'" },
    challenges: {
      id: id(5),
      purpose: "'password_reset'",
      latest_of: text('password_reset user:'),
      user_id: user,
      address: text('filler', 12, '@example.com'),
      link_hash: text('filler', 58),
      tries: '0',
      created_at: now,
      expires_at: "'2999-01-01 00:00:00.000'",
    },
    identities: {
      id: id(6),
      user_id: user,
      provider: "'google'",
      issuer: "'https://accounts.google.com'",
      subject: text('filler'),
      created_at: now,
      last_used_at: now,
    },
    passkeys: {
      id: id(7),
      user_id: user,
      name: "'My phone'",
      credential_hash: text('filler'),
      credential_id: text('filler'),
      public_key: "'a key'",
      counter: '0',
      transports: "'internal'",
      aaguid: "'00000000-0000-0000-0000-000000000000'",
      is_backup_eligible: '1',
      is_backed_up: '1',
      created_at: now,
    },
    counts: {
      name: text('tries:address:filler'),
      amount: '1',
      window_ends_at: "'2999-01-01 00:00:00.000'",
    },
    // Kept once they were sent, as outside production; older than those of the test.
    outbox: {
      id: id(0),
      channel: "'email'",
      template: "'reset-password'",
      user_id: user,
      content: "'sealed'",
      attempts: '0',
      created_at: now,
      expires_at: "'2999-01-01 00:00:00.000'",
    },
    ledger: {
      id: id(4),
      type: "'login.succeeded'",
      outcome: "'success'",
      actor_type: "'user'",
      actor_id: user,
      subject_id: user,
      created_at: now,
    },
  };
  // Without the limits of the service, which is not asked yet.
  const filling = openSequelize(app.config.database, null);
  await filling.transaction(async (transaction) => {
    const run = (sql: string) => filling.query(sql, { transaction, type: QueryTypes.RAW });
    if (!isSqlite) {
      await run('SET SESSION foreign_key_checks = 0, unique_checks = 0');
      // MariaDB and MySQL have different names for how far a CTE may count.
      await run(
        `SET SESSION /*M!100600 max_recursive_iterations = ${PORTION_ROWS + 1}, */ unique_checks = 0`,
      );
      await run(`SET SESSION /*!50708 cte_max_recursion_depth = ${PORTION_ROWS + 1}, */ unique_checks = 0`);
    }
    for (const [table, columns] of Object.entries(rows)) {
      const insert = `INSERT INTO ${table} (${Object.keys(columns).join(', ')})`;
      const select = `SELECT ${Object.values(columns).join(', ')} FROM numbers`;
      const last = LARGEST.includes(table) ? count : Math.min(count, OTHER_ROWS);
      for (let first = 1; first <= last; first += PORTION_ROWS) {
        const counted = numbers(first, Math.min(first + PORTION_ROWS - 1, last));
        await run(isSqlite ? `${counted} ${insert} ${select}` : `${insert} ${counted} ${select}`);
      }
    }
  });
  await filling.close();
  // An SQLite file is not analyzed by itself, as MySQL's tables are.
  if (isSqlite) return;
  for (const table of Object.keys(rows)) await sequelize.query(`ANALYZE TABLE ${table}`);
}
