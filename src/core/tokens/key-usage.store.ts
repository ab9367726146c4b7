import { Op } from 'sequelize';
import type { Database } from '../../db/connect.ts';
import { nullable, primaryKey, table, text, time } from '../../db/table.ts';

export const SIGNING_KEYS = table('signing_keys', {
  kid: primaryKey(text(64)),
  algorithm: text(16),
  firstUsedAt: time(),
  lastSignedAt: nullable(time()),
  lastSeenAt: nullable(time()),
});

/** When a key was last used, by any process. */
export interface KeyUse {
  readonly kid: string;
  readonly algorithm: string;
  readonly firstUsedAt: Date;
  readonly lastSignedAt: Date | null;
  readonly lastSeenAt: Date | null;
}

export type KeyUseStore = ReturnType<typeof createKeyUseStore>;

/** When keys were used, in the table `signing_keys`. It holds thumbprints and never a key. */
export function createKeyUseStore({ open, run, write }: Database) {
  const signingKeys = open(SIGNING_KEYS);

  /** Keeps the later of the given times and the stored ones. */
  async function record(use: KeyUse): Promise<void> {
    await write(() => signingKeys.bulkCreate([{ ...use }], { ignoreDuplicates: true }));
    await keepLater(use.kid, 'lastSignedAt', use.lastSignedAt);
    await keepLater(use.kid, 'lastSeenAt', use.lastSeenAt);
  }

  async function keepLater(
    kid: string,
    column: 'lastSignedAt' | 'lastSeenAt',
    at: Date | null,
  ): Promise<void> {
    if (at === null) return;
    const where = { kid, [Op.or]: [{ [column]: null }, { [column]: { [Op.lt]: at } }] };
    await write(() => signingKeys.update({ [column]: at }, { where }));
  }

  async function list(): Promise<KeyUse[]> {
    const rows = await run(() => signingKeys.findAll({ order: [['firstUsedAt', 'ASC']] }));
    return rows.map((row) => row.get());
  }

  return { record, list };
}
