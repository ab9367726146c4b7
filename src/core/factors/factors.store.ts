import { Op, QueryTypes } from 'sequelize';
import { insertRows } from '../../db/insert-rows.ts';
import { removeInPortions } from '../../db/portions.ts';
import type { Scope } from '../../db/scope.ts';
import { bigInteger, nullable, primaryKey, table, text, time } from '../../db/table.ts';
import type { FactorCounts, RememberedDevice, TotpFactor } from './factor.ts';

export const TOTP_FACTORS = table('totp_factors', {
  id: primaryKey(text(36)),
  userId: text(36),
  name: nullable(text(100)),
  secret: text(255),
  lastStep: nullable(bigInteger()),
  confirmedAt: nullable(time()),
  createdAt: time(),
  lastUsedAt: nullable(time()),
});

export const RECOVERY_CODES = table('recovery_codes', {
  mac: primaryKey(text(43)),
  userId: text(36),
  createdAt: time(),
});

export const REMEMBERED_DEVICES = table('remembered_devices', {
  id: primaryKey(text(36)),
  userId: text(36),
  deviceId: text(22),
  userAgent: nullable(text(512)),
  ip: nullable(text(45)),
  createdAt: time(),
  expiresAt: time(),
});

const COUNTS = `SELECT
  (SELECT COUNT(*) FROM totp_factors WHERE user_id = :userId AND confirmed_at IS NOT NULL) AS totp,
  (SELECT COUNT(*) FROM passkeys WHERE user_id = :userId) AS passkeys,
  (SELECT COUNT(*) FROM recovery_codes WHERE user_id = :userId) AS recoveryCodes`;

export type FactorStore = ReturnType<typeof createFactorStore>;

/**
 * Second factors, in the tables `totp_factors`, `recovery_codes` and `remembered_devices`. Each write is one statement, and
 * the database decides every race.
 */
export function createFactorStore(scope: Scope) {
  const { open, sequelize, transaction, run, write } = scope;
  const totpFactors = open(TOTP_FACTORS);
  const recoveryCodes = open(RECOVERY_CODES);
  const devices = open(REMEMBERED_DEVICES);

  async function countsOf(userId: string): Promise<FactorCounts> {
    const [row] = await run(() =>
      sequelize.query<FactorCounts>(COUNTS, {
        replacements: { userId },
        type: QueryTypes.SELECT,
        transaction,
      }),
    );
    return {
      totp: Number(row?.totp ?? 0),
      passkeys: Number(row?.passkeys ?? 0),
      recoveryCodes: Number(row?.recoveryCodes ?? 0),
    };
  }

  /** Those of a user, the first one first, with those that wait for their first code. */
  async function listTotp(userId: string): Promise<TotpFactor[]> {
    const rows = await run(() =>
      totpFactors.findAll({ where: { userId }, order: [['id', 'ASC']], transaction }),
    );
    return rows.map((row) => toFactor(row.get()));
  }

  async function insertTotp(added: readonly TotpFactor[]): Promise<void> {
    if (added.length > 0) await insertRows(scope, totpFactors, added);
  }

  /** Removes what was begun and never confirmed. */
  async function removeUnconfirmedTotp(userId: string): Promise<void> {
    await write(() => totpFactors.destroy({ where: { userId, confirmedAt: null }, transaction }));
  }

  /** False where it is confirmed already, or gone. */
  async function confirmTotp(id: string, userId: string, step: number, at: Date): Promise<boolean> {
    const change = { confirmedAt: at, lastStep: step, lastUsedAt: at };
    const [affected] = await write(() =>
      totpFactors.update(change, { where: { id, userId, confirmedAt: null }, transaction }),
    );
    return affected === 1;
  }

  /** Uses the code of a time step. False where it, or that of a later one, was used already: it is good once, and only forward. */
  async function useTotp(id: string, step: number, at: Date): Promise<boolean> {
    const where = {
      id,
      confirmedAt: { [Op.ne]: null },
      lastStep: { [Op.or]: [null, { [Op.lt]: step }] },
    };
    const [affected] = await write(() =>
      totpFactors.update({ lastStep: step, lastUsedAt: at }, { where, transaction }),
    );
    return affected === 1;
  }

  /** False where the user has no such factor that is confirmed. */
  async function renameTotp(id: string, userId: string, name: string | null): Promise<boolean> {
    const where = { id, userId, confirmedAt: { [Op.ne]: null } };
    const [affected] = await write(() => totpFactors.update({ name }, { where, transaction }));
    return affected === 1;
  }

  /** False where the user has no such factor. */
  async function removeTotp(id: string, userId: string): Promise<boolean> {
    return (await write(() => totpFactors.destroy({ where: { id, userId }, transaction }))) === 1;
  }

  /** Removes authenticator apps and recovery codes that were made since. */
  async function removeAddedSince(userId: string, since: Date): Promise<void> {
    const where = { userId, createdAt: { [Op.gte]: since } };
    await write(() => totpFactors.destroy({ where, transaction }));
    await write(() => recoveryCodes.destroy({ where, transaction }));
  }

  /** Removes authenticator apps, recovery codes and remembered devices. */
  async function removeAll(userId: string): Promise<void> {
    for (const rows of [totpFactors, recoveryCodes, devices]) {
      await write(() => (rows as typeof devices).destroy({ where: { userId }, transaction }));
    }
  }

  /** Other codes take the place of those that there are. */
  async function replaceRecoveryCodes(userId: string, macs: readonly string[], at: Date): Promise<void> {
    await write(() => recoveryCodes.destroy({ where: { userId }, transaction }));
    const rows = macs.map((mac) => ({ mac, userId, createdAt: at }));
    if (rows.length > 0) await insertRows(scope, recoveryCodes, rows);
  }

  /** Whether one of these is a code of the user that was not used yet. */
  async function hasRecoveryCode(userId: string, macs: readonly string[]): Promise<boolean> {
    return (await run(() => recoveryCodes.count({ where: { userId, mac: [...macs] }, transaction }))) > 0;
  }

  /** False where none of these is a code of the user that was not used yet. */
  async function useRecoveryCode(userId: string, macs: readonly string[]): Promise<boolean> {
    const where = { userId, mac: [...macs] };
    return (await write(() => recoveryCodes.destroy({ where, transaction }))) === 1;
  }

  /** Remembers a device, or remembers it for longer. */
  async function remember(device: RememberedDevice): Promise<void> {
    const { userId, deviceId } = device;
    await write(() => devices.destroy({ where: { userId, deviceId }, transaction }));
    await insertRows(scope, devices, [device]);
  }

  async function isRemembered(userId: string, deviceId: string, at: Date): Promise<boolean> {
    const where = { userId, deviceId, expiresAt: { [Op.gt]: at } };
    return (await run(() => devices.count({ where, transaction }))) > 0;
  }

  /** The devices of a user on which a factor is not asked for, the latest first. Another password has ended those before it. */
  async function listRemembered(
    userId: string,
    { at, since }: { readonly at: Date; readonly since: Date | null },
  ): Promise<RememberedDevice[]> {
    const where = {
      userId,
      expiresAt: { [Op.gt]: at },
      ...(since && { createdAt: { [Op.gte]: since } }),
    };
    const rows = await run(() => devices.findAll({ where, order: [['id', 'DESC']], transaction }));
    return rows.map((row) => row.get());
  }

  /** False where the user has no such device. */
  async function forget(id: string, userId: string): Promise<boolean> {
    return (await write(() => devices.destroy({ where: { id, userId }, transaction }))) === 1;
  }

  async function forgetAll(userId: string): Promise<void> {
    await write(() => devices.destroy({ where: { userId }, transaction }));
  }

  /** Removes what has expired. */
  async function prune(before: Date): Promise<void> {
    const where = { expiresAt: { [Op.lt]: before } };
    await removeInPortions((limit) => write(() => devices.destroy({ where, limit, transaction })));
  }

  return {
    countsOf,
    listTotp,
    insertTotp,
    removeUnconfirmedTotp,
    confirmTotp,
    useTotp,
    renameTotp,
    removeTotp,
    removeAddedSince,
    removeAll,
    replaceRecoveryCodes,
    hasRecoveryCode,
    useRecoveryCode,
    remember,
    isRemembered,
    listRemembered,
    forget,
    forgetAll,
    prune,
  };
}

/** MySQL gives large numbers as text. */
function toFactor({ lastStep, ...factor }: TotpFactor): TotpFactor {
  return { ...factor, lastStep: lastStep === null ? null : Number(lastStep) };
}
