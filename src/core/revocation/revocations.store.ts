import { Op } from 'sequelize';
import type { Database } from '../../db/connect.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { nullable, position, type RowOf, table, text, time } from '../../db/table.ts';
import type { RecordedRevocation, Revocation } from './revocation.ts';

export const REVOCATIONS = table('revocations', {
  id: position(),
  kind: text(16),
  subjectId: text(64),
  notBefore: nullable(time()),
  expiresAt: time(),
  createdAt: time(),
});

type RevocationRow = RowOf<typeof REVOCATIONS>;

export type RevocationStore = ReturnType<typeof createRevocationStore>;

/** The revocations, in the table `revocations`, which every process follows. */
export function createRevocationStore({ open, transaction, run, write }: Scope) {
  const revocations = open(REVOCATIONS);

  async function insert(added: readonly Revocation[], at: Date): Promise<void> {
    const rows = added.map((revocation) => ({ ...revocation, createdAt: at }));
    if (rows.length > 0) await write(() => revocations.bulkCreate(rows, { transaction }));
  }

  /** The revocations after `position` that have not expired at `at`, in order, at most `limit`. */
  async function listLiveAfter(position: number, limit: number, at: Date): Promise<RecordedRevocation[]> {
    const where = { id: { [Op.gt]: position }, expiresAt: { [Op.gt]: at } };
    const order: [string, string][] = [['id', 'ASC']];
    const rows = await run(() => revocations.findAll({ where, order, limit, raw: true, transaction }));
    return rows.map(toRevocation);
  }

  /** Removes what expired before `before`. */
  async function prune(before: Date): Promise<void> {
    // The last one stays, for a process that starts to know up to where others have read.
    const last = (await run(() => revocations.max('id', { transaction }))) as number | null;
    const where = { expiresAt: { [Op.lt]: before }, id: { [Op.lt]: last ?? 0 } };
    await removeInPortions((limit) => write(() => revocations.destroy({ where, limit, transaction })));
  }

  return { insert, listLiveAfter, prune };
}

export type RevocationTable = ReturnType<typeof createRevocationTable>;

/**
 * The same table as its follower reads it, outside the pool. The statements name their table without backticks:
 * Sequelize would ask SQLite for the columns of the table each time, which is one more wait for the event loop.
 */
export function createRevocationTable({ readAside }: Pick<Database, 'readAside'>) {
  /** The revocations after one position, up to another, in order, at most `limit`. */
  async function list(from: number, to: number, limit: number): Promise<RecordedRevocation[]> {
    const rows = await readAside<RevocationRow>(
      `SELECT id, kind, subject_id AS subjectId, not_before AS notBefore, expires_at AS expiresAt,
          created_at AS createdAt
        FROM revocations WHERE id > :from AND id <= :to ORDER BY id LIMIT :limit`,
      { from, to, limit },
    );
    return rows.map(toRevocation);
  }

  /** How many rows up to `to` are above each of these positions, the lowest of which comes first. */
  async function countAbove(positions: readonly number[], to: number): Promise<number[]> {
    // A sum of nothing is null, and one of MySQL is text.
    const sums = positions.map((_position, index) => `SUM(id > :position${index}) AS count${index}`);
    const named = Object.fromEntries(positions.map((position, index) => [`position${index}`, position]));
    const [row] = await readAside<Record<string, number | string | null>>(
      `SELECT ${sums.join(', ')} FROM revocations WHERE id > :position0 AND id <= :to`,
      { ...named, to },
    );
    return positions.map((_position, index) => Number(row?.[`count${index}`] ?? 0));
  }

  return { list, countAbove };
}

/** Raw rows, since there may be a million of them at a start; SQLite gives their times as text. */
function toRevocation({
  id,
  kind,
  subjectId,
  notBefore,
  expiresAt,
  createdAt,
}: RevocationRow): RecordedRevocation {
  return {
    position: id,
    kind: kind as Revocation['kind'],
    subjectId,
    notBefore: notBefore && new Date(notBefore),
    expiresAt: new Date(expiresAt),
    createdAt: new Date(createdAt),
  };
}
