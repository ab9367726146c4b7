import { Op, QueryTypes, type WhereOptions } from 'sequelize';
import { v7 as uuidv7 } from 'uuid';
import { insertRows } from '../../db/insert-rows.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import type { Actor } from '../principal.ts';
import { randomBytes, UUID_BYTES } from '../values/random.ts';
import type { AuditEntry, AuditEvent, AuditFilter, EventType } from './audit.ts';

export const AUDIT_LOG = table('ledger', {
  id: primaryKey(text(36)),
  type: text(64),
  outcome: text(16),
  actorType: text(16),
  actorId: nullable(text(64)),
  subjectId: nullable(text(128)),
  sessionId: nullable(text(36)),
  ip: nullable(text(45)),
  userAgent: nullable(text(512)),
  requestId: nullable(text(128)),
  clientRequestId: nullable(text(128)),
  details: nullable(longText()),
  createdAt: time(),
});

type AuditLogRow = RowOf<typeof AUDIT_LOG>;

const LATEST_FIRST: [string, string][] = [['id', 'DESC']];
const AFTER_ALL_IDS = 'g';

/**
 * Entries about a user, of the user, or of one of the user's API keys. Each part goes by an index of its own; with OR the
 * database walks the primary key, which is the whole table where a user has few entries.
 */
const ABOUT_SQL = `SELECT id FROM (
    SELECT id FROM (SELECT id FROM ledger WHERE subject_id = :userId AND id < :before
      ORDER BY id DESC LIMIT :limit) AS about_user
    UNION SELECT id FROM (SELECT id FROM ledger WHERE actor_id = :userId AND id < :before
      ORDER BY id DESC LIMIT :limit) AS by_user
    UNION SELECT id FROM (SELECT ledger.id AS id FROM api_keys JOIN ledger ON ledger.actor_id = api_keys.id
      WHERE api_keys.user_id = :userId AND ledger.id < :before
      ORDER BY ledger.id DESC LIMIT :limit) AS by_key
  ) AS found ORDER BY id DESC LIMIT :limit`;

/** Rises with each entry of this process, so that those of one millisecond are in the order in which they came. */
let sequence = 0;

export type AuditStore = ReturnType<typeof createAuditStore>;

/**
 * The audit log, in the table `ledger`. Append-only: an entry is written in the transaction of the change that it
 * records, and never changed.
 */
export function createAuditStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const auditLog = open(AUDIT_LOG);

  async function append(entry: AuditEntry, at: Date): Promise<void> {
    await insertRows(scope, auditLog, [toRow(entry, at)]);
  }

  /** The same for many, all or none. */
  async function appendMany(entries: readonly AuditEntry[], at: Date): Promise<void> {
    const rows = entries.map((entry) => toRow(entry, at));
    await insertRows(scope, auditLog, rows);
  }

  /** The latest first, those before the id `before` if that is given. */
  async function list(filter: AuditFilter, limit: number, before: string | undefined): Promise<AuditEvent[]> {
    const where = { [Op.and]: conditionsOf(filter, before) };
    const rows = await run(() => auditLog.findAll({ where, order: LATEST_FIRST, limit, transaction }));
    return rows.map((row) => toEvent(row.get()));
  }

  /** The same of entries about this user, and of entries by this user and by the user's API keys. */
  async function listAbout(
    userId: string,
    limit: number,
    before: string | undefined = AFTER_ALL_IDS,
  ): Promise<AuditEvent[]> {
    const replacements = { userId, limit, before };
    const found = await run(() =>
      sequelize.query<{ id: string }>(ABOUT_SQL, { replacements, type: QueryTypes.SELECT, transaction }),
    );
    if (found.length === 0) return [];
    const where = { id: found.map(({ id }) => id) };
    const rows = await run(() => auditLog.findAll({ where, order: LATEST_FIRST, transaction }));
    return rows.map((row) => toEvent(row.get()));
  }

  /** Removes entries from before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { createdAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => auditLog.destroy({ where, limit, transaction })));
  }

  return { append, appendMany, list, listAbout, prune };
}

function toRow({ type, outcome, caller, subjectId, details }: AuditEntry, at: Date): AuditLogRow {
  const { actor, origin, sessionId } = caller;
  return {
    id: uuidv7({ msecs: at.getTime(), seq: nextInSequence(), random: randomBytes(UUID_BYTES) }),
    type,
    outcome,
    actorType: actor.type,
    actorId: actor.id,
    subjectId,
    sessionId,
    ip: origin.ip,
    userAgent: origin.userAgent,
    requestId: origin.requestId,
    clientRequestId: origin.clientRequestId,
    details: Object.keys(details).length === 0 ? null : JSON.stringify(details),
    createdAt: at,
  };
}

function nextInSequence(): number {
  sequence = (sequence + 1) >>> 0;
  return sequence;
}

function conditionsOf(filter: AuditFilter, before: string | undefined): WhereOptions<AuditLogRow>[] {
  const { subjectId, actorId, type, from, until } = filter;
  return [
    ...(subjectId === undefined ? [] : [{ subjectId }]),
    ...(actorId === undefined ? [] : [{ actorId }]),
    ...(type === undefined ? [] : [{ type }]),
    ...(from === undefined ? [] : [{ id: { [Op.gte]: lowestId(from) } }]),
    ...(until === undefined ? [] : [{ id: { [Op.lt]: lowestId(until) } }]),
    ...(before === undefined ? [] : [{ id: { [Op.lt]: before } }]),
  ];
}

/** A lower bound of the ids of that moment and later: a UUIDv7 begins with its milliseconds. */
function lowestId(at: Date): string {
  const milliseconds = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}`;
}

function toEvent({ actorType, actorId, details, type, outcome, ...row }: AuditLogRow): AuditEvent {
  return {
    ...row,
    type: type as EventType,
    outcome: outcome as AuditEvent['outcome'],
    actor: { type: actorType as Actor['type'], id: actorId },
    details: details === null ? {} : JSON.parse(details),
  };
}
