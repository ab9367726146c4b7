import { literal, Op, QueryTypes } from 'sequelize';
import type {
  LoginMethod,
  NewSession,
  RevocationReason,
  Session,
  SessionFilter,
  SessionStore,
} from '../sessions/ports.ts';
import { removeInPortions } from './portions.ts';
import type { SessionRow } from './rows.ts';
import type { Scope } from './scope.ts';
import { toSqlDate } from './sql-date.ts';

const USER_IS_ACTIVE = literal(
  'EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled_at IS NULL)',
);

const LATEST_USED_FIRST: [string, string][] = [
  ['lastUsedAt', 'DESC'],
  ['id', 'DESC'],
];

/** Logins in the table `sessions`. */
export function createSessionStore({ models, sequelize, transaction, run, write }: Scope): SessionStore {
  const { sessions } = models;

  /**
   * Inserts out of the user's row, which decides whether there is still somebody to give a session to. In a transaction
   * MySQL would read what the row was before somebody who is changing it commits, so it has to wait for the row.
   */
  async function insert(session: NewSession, provenHash: string | null): Promise<boolean> {
    const sql = `INSERT INTO sessions
        (id, user_id, method, user_agent, ip, created_at, last_used_at, idle_expires_at, absolute_expires_at, refresh_counter)
      SELECT :id, users.id, :method, :userAgent, :ip, :createdAt, :lastUsedAt, :idleExpiresAt, :absoluteExpiresAt, :refreshCounter
      FROM users WHERE users.id = :userId AND users.disabled_at IS NULL
        AND (:provenHash IS NULL
          OR (users.password_hash = :provenHash AND users.password_change_required_at IS NULL))
      ${sequelize.getDialect() === 'sqlite' ? '' : 'LOCK IN SHARE MODE'}`;
    const date = (value: Date) => toSqlDate(sequelize, value);
    const replacements = {
      ...session,
      provenHash,
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

  async function find(id: string): Promise<Session | null> {
    const row = await run(() => sessions.findOne({ where: { id, [Op.and]: USER_IS_ACTIVE }, transaction }));
    return row === null ? null : toSession(row.get());
  }

  async function listLive(userId: string, at: Date): Promise<Session[]> {
    const where = { userId, ...liveAt(at) };
    const rows = await run(() => sessions.findAll({ where, order: LATEST_USED_FIRST, transaction }));
    return rows.map((row) => toSession(row.get()));
  }

  async function listSurplus(userId: string, keep: number, at: Date): Promise<string[]> {
    const where = { userId, ...liveAt(at) };
    const order: [string, string][] = [['id', 'DESC']];
    const rows = await run(() =>
      sessions.findAll({ where, order, attributes: ['id'], offset: keep, limit: keep, transaction }),
    );
    return rows.map((row) => row.get().id);
  }

  async function rotate(id: string, counter: number, at: Date, idleExpiresAt: Date): Promise<boolean> {
    const change = { refreshCounter: counter + 1, rotatedAt: at, lastUsedAt: at, idleExpiresAt };
    const where = { id, refreshCounter: counter, ...liveAt(at), [Op.and]: USER_IS_ACTIVE };
    const [affected] = await write(() => sessions.update(change, { where, transaction }));
    return affected === 1;
  }

  async function revoke(
    { userId, id, exceptId }: SessionFilter,
    reason: RevocationReason,
    at: Date,
  ): Promise<string[]> {
    const where = {
      userId,
      ...(id !== undefined && { id }),
      ...(exceptId !== undefined && { id: { [Op.ne]: exceptId } }),
      ...liveAt(at),
    };
    const rows = await run(() =>
      sessions.findAll({ where, attributes: ['id'], transaction, lock: transaction !== null }),
    );
    const ids = rows.map((row) => row.get().id);
    if (ids.length === 0) return [];
    const change = { revokedAt: at, revokedReason: reason };
    await write(() => sessions.update(change, { where: { id: ids, revokedAt: null }, transaction }));
    return ids;
  }

  async function prune(before: Date): Promise<void> {
    const where = { idleExpiresAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => sessions.destroy({ where, limit, transaction })));
  }

  return { insert, find, listLive, listSurplus, rotate, revoke, prune };
}

function liveAt(at: Date) {
  return { revokedAt: null, idleExpiresAt: { [Op.gt]: at }, absoluteExpiresAt: { [Op.gt]: at } };
}

function toSession({ method, revokedReason, ...session }: SessionRow): Session {
  return { ...session, method: method as LoginMethod };
}
