import { literal, Op, QueryTypes } from 'sequelize';
import type { IdentifierKind, LoginFailureStore, LoginFailures } from '../accounts/ports.ts';
import { isUniqueViolation } from './errors.ts';
import { findAlike } from './find-alike.ts';
import { removeInPortions } from './portions.ts';
import type { Scope } from './scope.ts';
import { toSqlDate } from './sql-date.ts';

const IS_NOBODYS = literal('NOT EXISTS (SELECT 1 FROM users WHERE users.id = login_failures.account)');
/** The id stands behind `session:`. */
const IS_OF_ENDED_SESSION = literal(`device LIKE 'session:%' AND NOT EXISTS (
  SELECT 1 FROM sessions WHERE sessions.id = SUBSTR(login_failures.device, 9) AND sessions.revoked_at IS NULL)`);

// By hand, since Sequelize takes 40 µs longer for an UPDATE than for an INSERT: whether somebody failed before must not be
// told by the time this takes.
const INSERT = `INSERT INTO login_failures (account, device, failures, failed_at,
    email_failures, email_failed_at, username_failures, username_failed_at)
  VALUES (:account, :device, :failures, :failedAt,
    :emailFailures, :emailFailedAt, :usernameFailures, :usernameFailedAt)`;
const UPDATE = `UPDATE login_failures SET failures = :failures, failed_at = :failedAt,
    email_failures = :emailFailures, email_failed_at = :emailFailedAt,
    username_failures = :usernameFailures, username_failed_at = :usernameFailedAt
  WHERE account = :account AND device = :device AND failures = :before`;

const takeBackBy = (kind: IdentifierKind) => `UPDATE login_failures SET failures = failures - 1,
    ${kind}_failures = ${kind}_failures - 1,
    ${kind}_failed_at = CASE WHEN ${kind}_failed_at = :mine THEN :before ELSE ${kind}_failed_at END
  WHERE account = :account AND device = :device AND failures > 0 AND ${kind}_failures > 0`;
const TAKE_BACK_BY_EMAIL = takeBackBy('email');
const TAKE_BACK_BY_USERNAME = takeBackBy('username');

/** Wrong passwords in a row, in the table `login_failures`. */
export function createLoginFailureStore(scope: Scope): LoginFailureStore {
  const { models, sequelize, transaction, write } = scope;
  const { loginFailures } = models;
  const date = (value: Date | null) => value && toSqlDate(sequelize, value);

  async function replace(from: LoginFailures | null, to: LoginFailures): Promise<boolean> {
    const replacements = {
      ...to,
      failedAt: date(to.failedAt),
      emailFailedAt: date(to.emailFailedAt),
      usernameFailedAt: date(to.usernameFailedAt),
      before: from?.failures ?? null,
    };
    const sql = from === null ? INSERT : UPDATE;
    try {
      const [, affected] = await write(() =>
        sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }),
      );
      return affected === 1;
    } catch (error) {
      if (from === null && isUniqueViolation(error)) return false;
      throw error;
    }
  }

  async function takeBack(
    counted: LoginFailures,
    before: LoginFailures | null,
    kind: IdentifierKind,
  ): Promise<void> {
    const isByEmail = kind === 'email';
    const failedAt = (row: LoginFailures | null) =>
      (isByEmail ? row?.emailFailedAt : row?.usernameFailedAt) ?? null;
    const { account, device } = counted;
    const replacements = { account, device, mine: date(failedAt(counted)), before: date(failedAt(before)) };
    const sql = isByEmail ? TAKE_BACK_BY_EMAIL : TAKE_BACK_BY_USERNAME;
    await write(() => sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }));
  }

  return {
    find: (account, device) => findAlike(scope, loginFailures, { account, device }),
    replace,
    takeBack,
    async clear(account, device) {
      await write(() => loginFailures.destroy({ where: { account, device }, transaction }));
    },
    async clearAccount(account) {
      return write(() => loginFailures.destroy({ where: { account }, transaction }));
    },
    async prune(before) {
      const where = { failedAt: { [Op.lt]: before }, [Op.or]: [IS_NOBODYS, IS_OF_ENDED_SESSION] };
      await removeInPortions((limit) => write(() => loginFailures.destroy({ where, limit, transaction })));
    },
  };
}
