import { literal, Op, QueryTypes } from 'sequelize';
import { findAlike } from '../../db/find-alike.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { toSqlDate } from '../../db/sql-date.ts';
import { bigInteger, integer, nullable, primaryKey, table, text, time } from '../../db/table.ts';
import { FACTOR, type FailureKey, type FailureKeys } from './failure-keys.ts';

export const LOGIN_FAILURES = table('login_failures', {
  account: primaryKey(text(64)),
  device: primaryKey(text(64)),
  failures: integer(),
  recentFailures: integer(),
  failedAt: time(),
  previousFailedAt: nullable(time()),
  waitsUntilMs: bigInteger(),
});

export interface LoginFailures extends FailureKey {
  /** In a row. After too many the account is locked. */
  readonly failures: number;
  /** The same, but forgotten where none has come for a while. After some the next attempt has to wait. */
  readonly recentFailures: number;
  readonly failedAt: Date;
  readonly waitsUntilMs: number;
}

/** How long the next attempt has to wait. */
export interface DelayRule {
  readonly freeFailures: number;
  /** Recent failures are forgotten this long after the last one. */
  readonly forgetSeconds: number;
  readonly maxDelaySeconds: number;
}

const IS_OF_NO_ACCOUNT = literal('NOT EXISTS (SELECT 1 FROM users WHERE users.id = login_failures.account)');

/** `gate` is the row of what delays, as it is before the attempt. */
const RECENT_BEFORE = `CASE WHEN gate.account IS NULL OR gate.failed_at < :forgottenBefore THEN 0
    ELSE gate.recent_failures END`;
const KEYS = 'SELECT :delayAccount AS account, :delayDevice AS device UNION SELECT :lockAccount, :lockDevice';
const WITH_GATE = `LEFT JOIN login_failures AS gate ON gate.account = :delayAccount AND gate.device = :delayDevice`;
const GATE_IS_OPEN = `gate.account IS NULL OR gate.recent_failures < :freeFailures
    OR gate.waits_until_ms <= :nowMs OR gate.failed_at < :forgottenBefore`;
const COLUMNS = '(account, device, failures, recent_failures, failed_at, waits_until_ms)';

const RECENT_OF_ROW = `CASE WHEN login_failures.failed_at < :forgottenBefore THEN 0
    ELSE login_failures.recent_failures END`;
/** Doubles with each failure, beginning with the last free one. */
const DELAY_MS_OF_ROW = `CASE
    WHEN ${RECENT_OF_ROW} + 1 < :freeFailures THEN 0
    WHEN ${RECENT_OF_ROW} + 1 - :freeFailures > 30 THEN :maxDelayMs
    WHEN (1000 << (${RECENT_OF_ROW} + 1 - :freeFailures)) > :maxDelayMs THEN :maxDelayMs
    ELSE 1000 << (${RECENT_OF_ROW} + 1 - :freeFailures) END`;
/** In this order, since MySQL assigns from left to right, and later expressions see the new values. */
const ADD_ONE = `waits_until_ms = :nowMs + ${DELAY_MS_OF_ROW},
    recent_failures = ${RECENT_OF_ROW} + 1,
    previous_failed_at = login_failures.failed_at,
    failed_at = :at`;

/** Begins with WITH, since Sequelize does not read the rows that an INSERT returns. */
const COUNT_ON_SQLITE = `WITH counted AS (${KEYS})
  INSERT INTO login_failures ${COLUMNS}
  SELECT counted.account, counted.device, 1, 1, :at, :nowMs + :firstDelayMs FROM counted ${WITH_GATE}
  WHERE ${GATE_IS_OPEN}
  ON CONFLICT (account, device) DO UPDATE SET ${ADD_ONE}, failures = login_failures.failures + 1
  RETURNING account, device, failures, recent_failures AS recentFailures`;

/**
 * MySQL returns no rows of an insert, but the one number that was given to LAST_INSERT_ID: here both counts in one,
 * all failures of what locks a million times and the recent ones of what delays once. FOR UPDATE makes a second process
 * wait for the first and then see what that has counted.
 */
const BOTH = 1_000_000;
const IS_LOCK = (table: string) => `${table}.account = :lockAccount AND ${table}.device = :lockDevice`;
const COUNT_ON_MYSQL = `INSERT INTO login_failures ${COLUMNS}
  SELECT counted.account, counted.device,
    IF(${IS_LOCK('counted')}, LAST_INSERT_ID(${BOTH} + ${RECENT_BEFORE} + 1) DIV ${BOTH}, 1),
    1, :at, :nowMs + :firstDelayMs
  FROM (${KEYS}) AS counted ${WITH_GATE}
  WHERE ${GATE_IS_OPEN}
  FOR UPDATE
  ON DUPLICATE KEY UPDATE ${ADD_ONE}, failures = IF(${IS_LOCK('login_failures')},
    LAST_INSERT_ID((login_failures.failures + 1) * ${BOTH} + ${RECENT_BEFORE} + 1) DIV ${BOTH},
    login_failures.failures + 1)`;

const IS_DELAY = 'account = :delayAccount AND device = :delayDevice';
const IS_LOCK_ROW = 'account = :lockAccount AND device = :lockDevice';
/** Where none has failed since, the last failure is the one before again, and nothing has to wait any longer. */
const FORGET_ATTEMPT = `waits_until_ms = CASE WHEN failed_at = :at THEN :nowMs ELSE waits_until_ms END,
    failed_at = CASE WHEN failed_at = :at THEN COALESCE(previous_failed_at, failed_at) ELSE failed_at END`;
const OF_BOTH = `WHERE ((${IS_DELAY}) OR (${IS_LOCK_ROW})) AND failures > 0`;
const ONE_RECENT_LESS = 'CASE WHEN recent_failures > 0 THEN recent_failures - 1 ELSE 0 END';
const TAKE_BACK = `UPDATE login_failures SET ${FORGET_ATTEMPT}, recent_failures = ${ONE_RECENT_LESS},
    failures = failures - 1 ${OF_BOTH}`;
const SUCCEED = `UPDATE login_failures SET ${FORGET_ATTEMPT},
    recent_failures = CASE WHEN ${IS_LOCK_ROW} THEN 0 ELSE ${ONE_RECENT_LESS} END,
    failures = CASE WHEN ${IS_LOCK_ROW} THEN 0 ELSE failures - 1 END ${OF_BOTH}`;

export type LoginFailureStore = ReturnType<typeof createLoginFailureStore>;

/** Wrong passwords in a row, in the table `login_failures`. Each write is one statement, and the database decides every race. */
export function createLoginFailureStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const loginFailures = open(LOGIN_FAILURES);
  const isSqlite = sequelize.getDialect() === 'sqlite';
  const date = (value: Date) => toSqlDate(sequelize, value);

  async function find(account: string, device: string): Promise<LoginFailures | null> {
    const row = await findAlike(scope, loginFailures, { account, device });
    return row && { ...row, waitsUntilMs: Number(row.waitsUntilMs) };
  }

  /**
   * Counts one more failure under both keys, and returns the recent ones of what delays and all of what locks. Null, with
   * nothing counted, where the next attempt has to wait.
   */
  async function count(
    keys: FailureKeys,
    at: Date,
    rule: DelayRule,
  ): Promise<{ readonly recentFailures: number; readonly failures: number } | null> {
    const { freeFailures, forgetSeconds, maxDelaySeconds } = rule;
    const replacements = {
      ...named(keys, at),
      freeFailures,
      firstDelayMs: freeFailures > 1 ? 0 : 1000,
      maxDelayMs: maxDelaySeconds * 1000,
      forgottenBefore: date(new Date(at.getTime() - forgetSeconds * 1000)),
    };
    return isSqlite ? countOnSqlite(keys, replacements) : countOnMysql(replacements);
  }

  async function countOnSqlite({ delay, lock }: FailureKeys, replacements: Record<string, unknown>) {
    const rows = await write(() =>
      sequelize.query<LoginFailures>(COUNT_ON_SQLITE, { replacements, type: QueryTypes.SELECT, transaction }),
    );
    const rowOf = ({ account, device }: FailureKey) =>
      rows.find((row) => row.account === account && row.device === device);
    const [delaying, locking] = [rowOf(delay), rowOf(lock)];
    if (delaying === undefined || locking === undefined) return null;
    return { recentFailures: delaying.recentFailures, failures: locking.failures };
  }

  async function countOnMysql(replacements: Record<string, unknown>) {
    const [both, affected] = await write(() =>
      sequelize.query(COUNT_ON_MYSQL, { replacements, type: QueryTypes.INSERT, transaction }),
    );
    if (affected === 0) return null;
    return { recentFailures: both % BOTH, failures: Math.floor(both / BOTH) };
  }

  /** Takes one failure back from both keys. Where none has come since `at`, the last one is again the one before. */
  const takeBack = (keys: FailureKeys, at: Date) => update(TAKE_BACK, keys, at);

  /** The password was correct: what locks begins again at zero, while what delays loses only the attempt of `at`. */
  const succeed = (keys: FailureKeys, at: Date) => update(SUCCEED, keys, at);

  async function update(sql: string, keys: FailureKeys, at: Date): Promise<void> {
    const replacements = named(keys, at);
    await write(() => sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }));
  }

  function named({ delay, lock }: FailureKeys, at: Date) {
    return {
      delayAccount: delay.account,
      delayDevice: delay.device,
      lockAccount: lock.account,
      lockDevice: lock.device,
      at: date(at),
      nowMs: at.getTime(),
    };
  }

  /** Forgets the failures of an account from all devices; how many of them had some. */
  async function clearAccount(account: string): Promise<number> {
    const where = { account, failures: { [Op.gt]: 0 } };
    const devices = await run(() => loginFailures.count({ where, transaction }));
    await write(() => loginFailures.destroy({ where: { account }, transaction }));
    return devices;
  }

  /** Removes what was counted for no account, or for nothing any more, and not added to since `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { failedAt: { [Op.lt]: before }, [Op.or]: [IS_OF_NO_ACCOUNT, { failures: 0 }] };
    await removeInPortions((limit) => write(() => loginFailures.destroy({ where, limit, transaction })));
  }

  /** The same for passwords alone: a new one must not buy more guesses at a second factor. */
  async function clearPasswords(account: string): Promise<void> {
    const where = { account, device: { [Op.notLike]: `${FACTOR}%` } };
    await write(() => loginFailures.destroy({ where, transaction }));
  }

  /** The same for second factors alone. */
  async function clearFactors(account: string): Promise<void> {
    const where = { account, device: { [Op.like]: `${FACTOR}%` } };
    await write(() => loginFailures.destroy({ where, transaction }));
  }

  return { find, count, takeBack, succeed, clearAccount, clearPasswords, clearFactors, prune };
}
