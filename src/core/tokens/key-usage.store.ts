import { Op } from 'sequelize';
import type { Database } from '../../db/connect.ts';
import type { KeyUse, KeyUseStore } from './ports.ts';

/** When keys were used, in the table `signing_keys`. It holds thumbprints and never a key. */
export function createKeyUseStore({ models, run, write }: Database): KeyUseStore {
  const { signingKeys } = models;

  async function keepLater(
    kid: string,
    column: 'lastSignedAt' | 'lastSeenAt',
    at: Date | null,
  ): Promise<void> {
    if (at === null) return;
    const where = { kid, [Op.or]: [{ [column]: null }, { [column]: { [Op.lt]: at } }] };
    await write(() => signingKeys.update({ [column]: at }, { where }));
  }

  return {
    async record(use: KeyUse) {
      await write(() => signingKeys.bulkCreate([{ ...use }], { ignoreDuplicates: true }));
      await keepLater(use.kid, 'lastSignedAt', use.lastSignedAt);
      await keepLater(use.kid, 'lastSeenAt', use.lastSeenAt);
    },
    async list() {
      const rows = await run(() => signingKeys.findAll({ order: [['firstUsedAt', 'ASC']] }));
      return rows.map((row) => row.get());
    },
  };
}
