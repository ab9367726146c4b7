import { literal, Op, type Sequelize, type WhereOptions } from 'sequelize';
import { v7 as uuidv7 } from 'uuid';
import type { AuditEvent, AuditFilter, LedgerStore } from '../audit/ports.ts';
import type { Actor } from '../caller.ts';
import { randomForUuids } from '../ids.ts';
import type { EventType, LedgerEntry } from '../ledger.ts';
import { insertRows } from './insert-rows.ts';
import { removeInPortions } from './portions.ts';
import type { LedgerRow } from './rows.ts';
import type { Scope } from './scope.ts';

/** Rises with each entry of this process, so that those of one millisecond are in the order in which they came. */
let sequence = 0;

/** Who did what, in the table `ledger`. */
export function createLedgerStore(scope: Scope): LedgerStore {
  const { models, sequelize, transaction, run, write } = scope;
  const { ledger } = models;
  return {
    async append(entry, at) {
      await insertRows(scope, ledger, [toRow(entry, at)]);
    },
    async appendMany(entries, at) {
      const randomOf = randomForUuids(entries.length);
      const rows = entries.map((entry, index) => toRow(entry, at, randomOf(index)));
      await insertRows(scope, ledger, rows);
    },
    async list(filter, limit, before) {
      const where = { [Op.and]: conditionsOf(filter, before, sequelize) };
      const order: [string, string][] = [['id', 'DESC']];
      const rows = await run(() => ledger.findAll({ where, order, limit, transaction }));
      return rows.map((row) => toEvent(row.get()));
    },
    async prune(before) {
      const where = { createdAt: { [Op.lt]: before } };
      await removeInPortions((limit) => write(() => ledger.destroy({ where, limit, transaction })));
    },
  };
}

function toRow(
  { type, outcome, caller, subjectId, details }: LedgerEntry,
  at: Date,
  random?: Uint8Array,
): LedgerRow {
  const { actor, origin, sessionId } = caller;
  return {
    id: uuidv7({ msecs: at.getTime(), seq: nextInSequence(), ...(random && { random }) }),
    type,
    outcome,
    actorType: actor.type,
    actorId: actor.id,
    subjectId,
    sessionId,
    ip: origin.ip,
    userAgent: origin.userAgent,
    requestId: origin.requestId,
    details: Object.keys(details).length === 0 ? null : JSON.stringify(details),
    createdAt: at,
  };
}

function nextInSequence(): number {
  sequence = (sequence + 1) >>> 0;
  return sequence;
}

function conditionsOf(
  filter: AuditFilter,
  before: string | undefined,
  sequelize: Sequelize,
): WhereOptions<LedgerRow>[] {
  const { subjectId, actorId, type, from, until, concerning } = filter;
  return [
    ...(subjectId === undefined ? [] : [{ subjectId }]),
    ...(actorId === undefined ? [] : [{ actorId }]),
    ...(type === undefined ? [] : [{ type }]),
    ...(from === undefined ? [] : [{ id: { [Op.gte]: lowestId(from) } }]),
    ...(until === undefined ? [] : [{ id: { [Op.lt]: lowestId(until) } }]),
    ...(concerning === undefined ? [] : [isAbout(concerning, sequelize)]),
    ...(before === undefined ? [] : [{ id: { [Op.lt]: before } }]),
  ];
}

/** Entries about a user, of the user, or of one of the user's API keys. */
function isAbout(userId: string, sequelize: Sequelize): WhereOptions<LedgerRow> {
  const keys = literal(`(SELECT id FROM api_keys WHERE user_id = ${sequelize.escape(userId)})`);
  return {
    [Op.or]: [{ subjectId: userId }, { actorId: userId }, { actorId: { [Op.in]: keys } }],
  };
}

/** What no id of that moment or a later one is below: a UUIDv7 begins with its milliseconds. */
export function lowestId(at: Date): string {
  const milliseconds = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}`;
}

function toEvent({ actorType, actorId, details, type, outcome, ...row }: LedgerRow): AuditEvent {
  return {
    ...row,
    type: type as EventType,
    outcome: outcome as AuditEvent['outcome'],
    actor: { type: actorType as Actor['type'], id: actorId },
    details: details === null ? {} : JSON.parse(details),
  };
}
