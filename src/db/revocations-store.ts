import { Op, type WhereOptions } from 'sequelize';
import type { RecordedRevocation, Revocation, RevocationStore } from '../sessions/ports.ts';
import { removeInPortions } from './portions.ts';
import type { RevocationRow } from './rows.ts';
import type { Scope } from './scope.ts';

/** What has been revoked, in the table `revocations`, which every process follows. */
export function createRevocationStore({ models, transaction, run, write }: Scope): RevocationStore {
  const { revocations } = models;

  async function list(where: WhereOptions<RevocationRow>, limit: number): Promise<RecordedRevocation[]> {
    const order: [string, string][] = [['id', 'ASC']];
    const rows = await run(() => revocations.findAll({ where, order, limit, raw: true, transaction }));
    return rows.map(toRevocation);
  }

  return {
    async insert(added, at) {
      const rows = added.map((revocation) => ({ ...revocation, createdAt: at }));
      if (rows.length > 0) await write(() => revocations.bulkCreate(rows, { transaction }));
    },
    listAfter: (position, limit) => list({ id: { [Op.gt]: position } }, limit),
    listLiveAfter: (position, limit, at) =>
      list({ id: { [Op.gt]: position }, expiresAt: { [Op.gt]: at } }, limit),
    async prune(before) {
      // The last one stays, for a process that starts to know up to where others have read.
      const last = (await run(() => revocations.max('id', { transaction }))) as number | null;
      const where = { expiresAt: { [Op.lt]: before }, id: { [Op.lt]: last ?? 0 } };
      await removeInPortions((limit) => write(() => revocations.destroy({ where, limit, transaction })));
    },
  };
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
