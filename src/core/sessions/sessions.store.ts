import { literal, Op, QueryTypes } from 'sequelize';
import { causalReadPrefix } from '../../db/causal-read.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { toSqlDate } from '../../db/sql-date.ts';
import { integer, longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import type { Authentication } from '../principal.ts';
import type {
  NewSession,
  Refreshed,
  RevocationReason,
  Rotation,
  Session,
  SessionFilter,
  SignInMethod,
  StoredSession,
} from './session.ts';

export const SESSIONS = table('sessions', {
  id: primaryKey(text(36)),
  userId: text(36),
  method: text(32),
  amr: nullable(text(64)),
  authenticatedAt: nullable(time()),
  userAgent: nullable(text(512)),
  ip: nullable(text(45)),
  cookieKey: nullable(text(43)),
  cookieRecord: nullable(longText()),
  createdAt: time(),
  lastUsedAt: time(),
  idleExpiresAt: time(),
  absoluteExpiresAt: time(),
  refreshCounter: integer(),
  rotatedAt: nullable(time()),
  earlierRotations: nullable(text(255)),
  confirmedAt: nullable(time()),
  revokedAt: nullable(time()),
  revokedReason: nullable(text(32)),
});

type SessionRow = RowOf<typeof SESSIONS>;

const USER_IS_ACTIVE_SQL =
  'EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled_at IS NULL)';
const USER_IS_ACTIVE = literal(USER_IS_ACTIVE_SQL);

const SQLITE_NOW = "CAST(strftime('%s', 'now') AS INTEGER)";
const MYSQL_NOW = "TIMESTAMPDIFF(SECOND, '1970-01-01', UTC_TIMESTAMP())";

/** Seconds since 1970 by the database's own clock, and a time the given number of seconds later. */
const SQL = {
  sqlite: {
    now: SQLITE_NOW,
    nowLiteral: literal(SQLITE_NOW),
    later: (at: string, seconds: string) =>
      `strftime('%Y-%m-%d %H:%M:%f +00:00', ${at}, (${seconds}) || ' seconds')`,
  },
  mysql: {
    now: MYSQL_NOW,
    nowLiteral: literal(MYSQL_NOW),
    later: (at: string, seconds: string) => `DATE_ADD(${at}, INTERVAL (${seconds}) SECOND)`,
  },
} as const;

/** By then a caller that waited for a write has been told that it failed. */
const LATE_SECONDS = 5;

const LATEST_USED_FIRST: [string, string][] = [
  ['lastUsedAt', 'DESC'],
  ['id', 'DESC'],
];

/** What a sign-in has proved, as far as the row of its user decides about it. */
interface ProvedAtInsert {
  readonly passwordHash: string | null;
  readonly isEnoughForFactor: boolean;
}

export type SessionStore = ReturnType<typeof createSessionStore>;

/** Logins in the table `sessions`. Each write is one statement, and the database decides every race. */
export function createSessionStore({ open, sequelize, transaction, run, write }: Scope) {
  const sessions = open(SESSIONS);
  const { now, nowLiteral, later } = SQL[sequelize.getDialect() === 'sqlite' ? 'sqlite' : 'mysql'];
  const readAt: [ReturnType<typeof literal>, string] = [nowLiteral, 'readAtSeconds'];

  /**
   * False where the user does not exist, is disabled, no longer has the password hash that the login proved to know or has
   * to choose another password (`passwordHash` is null where it proved something else), or has a second factor that
   * was not asked for.
   *
   * Inserts out of the user's row, which decides whether there is still a user to give a session to. In a transaction
   * MySQL would read what the row was before a change of it that is about to commit, so it has to wait for the row.
   */
  async function insert(
    { authentication, ...session }: NewSession,
    { passwordHash, isEnoughForFactor }: ProvedAtInsert,
  ): Promise<boolean> {
    const sql = `INSERT INTO sessions
        (id, user_id, method, amr, authenticated_at, user_agent, ip, cookie_key,
          created_at, last_used_at, idle_expires_at, absolute_expires_at, refresh_counter)
      SELECT :id, users.id, :method, :amr, :authenticatedAt, :userAgent, :ip, :cookieKey,
        :createdAt, :lastUsedAt, :idleExpiresAt, :absoluteExpiresAt, :refreshCounter
      FROM users WHERE users.id = :userId AND users.disabled_at IS NULL
        AND (:passwordHash IS NULL
          OR (users.password_hash = :passwordHash AND users.password_change_required_at IS NULL))
        AND (:isEnoughForFactor OR users.second_factor_since IS NULL)
      ${sequelize.getDialect() === 'sqlite' ? '' : 'LOCK IN SHARE MODE'}`;
    const date = (value: Date) => toSqlDate(sequelize, value);
    const replacements = {
      ...session,
      passwordHash,
      isEnoughForFactor,
      amr: authentication?.methods.join(' ') ?? null,
      authenticatedAt: authentication && date(authentication.at),
      createdAt: date(session.createdAt),
      lastUsedAt: date(session.lastUsedAt),
      idleExpiresAt: date(session.idleExpiresAt),
      absoluteExpiresAt: date(session.absoluteExpiresAt),
    };
    const [, affected] = await write(() =>
      sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /** Removes a session whose tokens were never sent. */
  async function remove(id: string): Promise<void> {
    await write(() => sessions.destroy({ where: { id }, transaction }));
  }

  /** Null also where the user is disabled. */
  async function find(id: string): Promise<StoredSession | null> {
    const where = { id, [Op.and]: USER_IS_ACTIVE };
    const row = await run(() => sessions.findOne({ where, attributes: { include: [readAt] }, transaction }));
    return row === null ? null : toStoredSession(row.get());
  }

  /** The same, and never older than what another node of the database has acknowledged. */
  async function findCausally(id: string): Promise<StoredSession | null> {
    const prefix = await run(() => causalReadPrefix(sequelize));
    if (prefix === '') return find(id);
    const sql = `${prefix}SELECT sessions.*, ${now} AS readAtSeconds FROM sessions WHERE id = :id AND ${USER_IS_ACTIVE_SQL}`;
    const options = {
      replacements: { id },
      type: QueryTypes.SELECT,
      model: sessions,
      mapToModel: true,
    } as const;
    const [row] = await run(() => sequelize.query(sql, options));
    return row === undefined ? null : toStoredSession(row.get());
  }

  /** A user's sessions that are neither revoked nor expired, the latest used first. */
  async function listLive(userId: string, at: Date): Promise<Session[]> {
    const where = { userId, ...liveAt(at) };
    const rows = await run(() => sessions.findAll({ where, order: LATEST_USED_FIRST, transaction }));
    return rows.map((row) => toSession(row.get()));
  }

  /** When a user began a session last, ended ones among them; null where no session is kept. */
  async function lastBegunAt(userId: string): Promise<Date | null> {
    const order: [string, string][] = [['createdAt', 'DESC']];
    const attributes = ['createdAt'];
    const row = await run(() => sessions.findOne({ where: { userId }, attributes, order, transaction }));
    return row?.get().createdAt ?? null;
  }

  /** The ids of a user's live sessions but for the `keep` that were begun last; at most `keep` of them. */
  async function listSurplus(userId: string, keep: number, at: Date): Promise<string[]> {
    const where = { userId, ...liveAt(at) };
    const order: [string, string][] = [['id', 'DESC']];
    const rows = await run(() =>
      sessions.findAll({ where, order, attributes: ['id'], offset: keep, limit: keep, transaction }),
    );
    return rows.map((row) => row.get().id);
  }

  /**
   * Moves the counter of a session to the next. Of concurrent callers that read the same counter, exactly one gets
   * true; none does where the session is revoked or expired, or its user disabled.
   *
   * A server that was frozen comes to a statement long after it was sent, when its sender has given up. The time that
   * it was sent with would then have the grace end before any client can know of the rotation.
   */
  async function rotate(
    { id, refreshCounter, readAtSeconds }: StoredSession,
    { at, idleExpiresAt, earlierRotations }: Rotation,
  ): Promise<boolean> {
    const elapsed = `${now} - :readAtSeconds`;
    const sql = `UPDATE sessions SET
        rotated_at = CASE WHEN ${elapsed} > ${LATE_SECONDS} THEN ${later(':at', elapsed)} ELSE :at END,
        earlier_rotations = :earlierRotations, refresh_counter = refresh_counter + 1, confirmed_at = NULL, last_used_at = :at, idle_expires_at = :idleExpiresAt
      WHERE id = :id AND refresh_counter = :refreshCounter AND revoked_at IS NULL
        AND idle_expires_at > :at AND absolute_expires_at > :at AND ${USER_IS_ACTIVE_SQL}`;
    const replacements = {
      id,
      refreshCounter,
      readAtSeconds,
      earlierRotations: earlierRotations.map(Number).join(' ') || null,
      at: toSqlDate(sequelize, at),
      idleExpiresAt: toSqlDate(sequelize, idleExpiresAt),
    };
    const [, affected] = await write(() =>
      sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /** Records that refreshes arrived, for those that are the latest of their sessions. */
  async function confirm(refreshes: readonly Refreshed[], at: Date): Promise<void> {
    const named = refreshes.map(({ id, refreshCounter }) => ({ id, refreshCounter }));
    const where = { confirmedAt: null, [Op.or]: named };
    await write(() => sessions.update({ confirmedAt: at }, { where, transaction }));
  }

  /**
   * Postpones the end of a session whose cookie is in use. False where it is revoked or expired, or its user disabled.
   */
  async function renew(id: string, at: Date, idleExpiresAt: Date): Promise<boolean> {
    const sql = `UPDATE sessions SET last_used_at = :at, idle_expires_at = :idleExpiresAt
      WHERE id = :id AND revoked_at IS NULL AND idle_expires_at > :at AND absolute_expires_at > :at
        AND ${USER_IS_ACTIVE_SQL}`;
    const replacements = {
      id,
      at: toSqlDate(sequelize, at),
      idleExpiresAt: toSqlDate(sequelize, idleExpiresAt),
    };
    const [, affected] = await write(() =>
      sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /**
   * Records how its user has authenticated once more. False where the session is revoked or expired, its user disabled, or
   * `provenHash` no longer their password (null where something else was proved).
   */
  async function raise(
    id: string,
    { methods, at: authenticatedAt }: Authentication,
    provenHash: string | null,
    at: Date,
  ): Promise<boolean> {
    const sql = `UPDATE sessions SET amr = :amr, authenticated_at = :authenticatedAt
      WHERE id = :id AND revoked_at IS NULL AND idle_expires_at > :at AND absolute_expires_at > :at
        AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled_at IS NULL
          AND (:provenHash IS NULL
            OR (users.password_hash = :provenHash AND users.password_change_required_at IS NULL)))`;
    const replacements = {
      id,
      amr: methods.join(' '),
      authenticatedAt: toSqlDate(sequelize, authenticatedAt),
      provenHash,
      at: toSqlDate(sequelize, at),
    };
    const [, affected] = await write(() =>
      sequelize.query(sql, { replacements, type: QueryTypes.UPDATE, transaction }),
    );
    return affected === 1;
  }

  /** The session of a cookie, also where it has ended; null where its user is disabled. */
  async function findByCookie(cookieKey: string): Promise<Session | null> {
    const where = { cookieKey, [Op.and]: USER_IS_ACTIVE };
    const row = await run(() => sessions.findOne({ where, transaction }));
    return row === null ? null : toSession(row.get());
  }

  /** The cookies of some sessions: those that have one. */
  async function listCookieKeys(where: { readonly id: string[] } | { readonly userId: string }) {
    const rows = await run(() => sessions.findAll({ where, attributes: ['cookieKey'], transaction }));
    return rows.flatMap((row) => row.get().cookieKey ?? []);
  }

  /** The record of a live session, kept here where there is no Redis. */
  async function findRecord(cookieKey: string): Promise<string | null> {
    const where = { cookieKey, revokedAt: null };
    const row = await run(() => sessions.findOne({ where, attributes: ['cookieRecord'], transaction }));
    return row?.get().cookieRecord ?? null;
  }

  /** False where the session is revoked, or gone. */
  async function writeRecord(cookieKey: string, cookieRecord: string): Promise<boolean> {
    const where = { cookieKey, revokedAt: null };
    const [affected] = await write(() => sessions.update({ cookieRecord }, { where, transaction }));
    return affected === 1;
  }

  /** Revokes what the filter names and is still live. The ids of what this call revoked. */
  async function revoke(
    { userId, id, exceptId }: SessionFilter,
    reason: RevocationReason,
    at: Date,
  ): Promise<string[]> {
    const change = { revokedAt: at, revokedReason: reason };
    if (id !== undefined) {
      const where = { id, userId, ...liveAt(at) };
      const [affected] = await write(() => sessions.update(change, { where, transaction }));
      return affected === 0 ? [] : [id];
    }
    const where = { userId, ...(exceptId !== undefined && { id: { [Op.ne]: exceptId } }), ...liveAt(at) };
    const rows = await run(() =>
      sessions.findAll({ where, attributes: ['id'], transaction, lock: transaction !== null }),
    );
    const ids = rows.map((row) => row.get().id);
    if (ids.length === 0) return [];
    await write(() => sessions.update(change, { where: { id: ids, revokedAt: null }, transaction }));
    return ids;
  }

  /** Removes sessions that expired before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { idleExpiresAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => sessions.destroy({ where, limit, transaction })));
  }

  return {
    insert,
    remove,
    find,
    findCausally,
    listLive,
    lastBegunAt,
    listSurplus,
    rotate,
    confirm,
    renew,
    raise,
    findByCookie,
    listCookieKeys,
    findRecord,
    writeRecord,
    revoke,
    prune,
  };
}

function liveAt(at: Date) {
  return { revokedAt: null, idleExpiresAt: { [Op.gt]: at }, absoluteExpiresAt: { [Op.gt]: at } };
}

function toStoredSession(row: SessionRow): StoredSession {
  // A column that only this query has. MySQL's driver may give a large number as text.
  const { readAtSeconds } = row as SessionRow & { readAtSeconds: number | string };
  return { ...toSession(row), readAtSeconds: Number(readAtSeconds) };
}

function toSession(row: SessionRow): Session {
  const { method, amr, authenticatedAt, earlierRotations, revokedReason, cookieRecord, ...session } = row;
  return {
    ...session,
    method: method as SignInMethod,
    earlierRotations:
      earlierRotations?.split(' ').map((milliseconds) => new Date(Number(milliseconds))) ?? [],
    authentication:
      amr === null || authenticatedAt === null ? null : { methods: amr.split(' '), at: authenticatedAt },
  };
}
