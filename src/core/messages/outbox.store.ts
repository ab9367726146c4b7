import { Op } from 'sequelize';
import { insertOfUser } from '../../db/insert-of-user.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { integer, longText, nullable, primaryKey, type RowOf, table, text, time } from '../../db/table.ts';
import type { ChannelName } from './message.ts';

export const OUTBOX = table('outbox', {
  id: primaryKey(text(36)),
  channel: text(8),
  template: text(32),
  userId: nullable(text(36)),
  content: longText(),
  attempts: integer(),
  dueAt: nullable(time()),
  createdAt: time(),
  expiresAt: time(),
});

/** A message as it is kept: its content sealed, and when the next attempt is due; null once it was sent. */
export type OutboxRow = RowOf<typeof OUTBOX>;

/** A message that this process is sending. No other one sends it before `dueAt`. */
export type ClaimedRow = OutboxRow & { readonly dueAt: Date };

export type OutboxStore = ReturnType<typeof createOutboxStore>;

/** Messages on their way, in the table `outbox`. Each write is one statement, and the database decides every race. */
export function createOutboxStore(scope: Scope) {
  const { open, transaction, run, write } = scope;
  const outbox = open(OUTBOX);

  async function add(row: OutboxRow): Promise<void> {
    await insertOfUser(scope, outbox, row);
  }

  /** The messages of a channel that are due, the longest due first. */
  async function listDue(channel: ChannelName, at: Date, limit: number): Promise<ClaimedRow[]> {
    const where = { channel, dueAt: { [Op.lte]: at } };
    const rows = await run(() => outbox.findAll({ where, order: [['dueAt', 'ASC']], limit, transaction }));
    return rows.map((row) => row.get() as ClaimedRow);
  }

  /** Claims a message until a time, or prolongs the claim; null where another process has claimed it. */
  async function claim({ id, dueAt, ...row }: ClaimedRow, until: Date): Promise<ClaimedRow | null> {
    const where = { id, dueAt };
    const [affected] = await write(() => outbox.update({ dueAt: until }, { where, transaction }));
    return affected === 1 ? { ...row, id, dueAt: until } : null;
  }

  /** Another attempt has failed, and the next is due at a time. */
  async function postpone(id: string, attempts: number, until: Date): Promise<void> {
    await write(() => outbox.update({ dueAt: until, attempts }, { where: { id }, transaction }));
  }

  /** Marks a message as sent, and keeps it to be looked at. */
  async function keep(id: string): Promise<void> {
    await write(() => outbox.update({ dueAt: null }, { where: { id }, transaction }));
  }

  async function remove(id: string): Promise<void> {
    await write(() => outbox.destroy({ where: { id }, transaction }));
  }

  /** The latest first. */
  async function list(limit: number): Promise<OutboxRow[]> {
    const rows = await run(() => outbox.findAll({ order: [['id', 'DESC']], limit, transaction }));
    return rows.map((row) => row.get());
  }

  async function countWaiting(channel: ChannelName): Promise<number> {
    return run(() => outbox.count({ where: { channel, dueAt: { [Op.ne]: null } }, transaction }));
  }

  /** Removes what expired before `before`. */
  async function prune(before: Date): Promise<void> {
    const where = { expiresAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => outbox.destroy({ where, limit, transaction })));
  }

  return { add, listDue, claim, postpone, keep, remove, list, countWaiting, prune };
}
