import { Op, type WhereOptions } from 'sequelize';
import { v7 as uuidv7 } from 'uuid';
import type { AuditEvent, AuditFilter, LedgerStore } from '../audit/ports.ts';
import type { Actor } from '../caller.ts';
import type { EventType } from '../ledger.ts';
import { removeInPortions } from './portions.ts';
import type { LedgerRow } from './rows.ts';
import type { Scope } from './scope.ts';

/** Who did what, in the table `ledger`. */
export function createLedgerStore({ models, transaction, run, write }: Scope): LedgerStore {
  const { ledger } = models;
  return {
    async append({ type, outcome, caller, subjectId, details }, at) {
      const { actor, origin, sessionId } = caller;
      const row: LedgerRow = {
        id: uuidv7({ msecs: at.getTime() }),
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
      await write(() => ledger.create(row, { transaction }));
    },
    async list(filter, limit, before) {
      const where = { [Op.and]: conditionsOf(filter, before) };
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

function conditionsOf(filter: AuditFilter, before: string | undefined): WhereOptions<LedgerRow>[] {
  const { subjectId, actorId, type, from, until, concerning } = filter;
  return [
    ...(subjectId === undefined ? [] : [{ subjectId }]),
    ...(actorId === undefined ? [] : [{ actorId }]),
    ...(type === undefined ? [] : [{ type }]),
    ...(from === undefined ? [] : [{ createdAt: { [Op.gte]: from } }]),
    ...(until === undefined ? [] : [{ createdAt: { [Op.lt]: until } }]),
    ...(concerning === undefined ? [] : [{ [Op.or]: [{ subjectId: concerning }, { actorId: concerning }] }]),
    ...(before === undefined ? [] : [{ id: { [Op.lt]: before } }]),
  ];
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
