import { Op } from 'sequelize';
import type { RecordedRevocation, Revocation, RevocationStore } from '../sessions/ports.ts';
import { removeInPortions } from './portions.ts';
import type { RevocationRow } from './rows.ts';
import type { Scope } from './scope.ts';

/** What has been revoked, in the table `revocations`, which every process follows. */
export function createRevocationStore({ models, transaction, run, write }: Scope): RevocationStore {
  const { revocations } = models;
  return {
    async insert(added, at) {
      const rows = added.map((revocation) => ({ ...revocation, createdAt: at }));
      if (rows.length > 0) await write(() => revocations.bulkCreate(rows, { transaction }));
    },
    async listAfter(position, limit) {
      const where = { id: { [Op.gt]: position } };
      const order: [string, string][] = [['id', 'ASC']];
      const rows = await run(() => revocations.findAll({ where, order, limit, raw: true, transaction }));
      return rows.map(toRevocation);
    },
    async prune(before) {
      const where = { expiresAt: { [Op.lt]: before } };
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
