import { QueryTypes } from 'sequelize';
import type { Database } from '../../db/connect.ts';

/** bcrypt's log2 of rounds of the costliest hashes that are stored; undefined where there is none of the kind. */
export interface HighestCosts {
  /** Made here, at what BCRYPT_COST was then. */
  readonly own: number | undefined;
  /** Imported from another system. */
  readonly imported: number | undefined;
  /** Imported as well, but so costly that it is not compared. */
  readonly unusable: number | undefined;
}

/** The generated column begins with `l` where the hash was made here (`lk1:`), else with `$`; then comes its cost. */
const HIGHEST = `SELECT
  (SELECT MAX(password_hash_kind) FROM users WHERE password_hash_kind BETWEEN 'l04' AND 'l31') AS own,
  (SELECT MAX(password_hash_kind) FROM users WHERE password_hash_kind BETWEEN '$04' AND :maxForeign) AS imported,
  (SELECT MAX(password_hash_kind) FROM users WHERE password_hash_kind > :maxForeign AND password_hash_kind <= '$31') AS unusable`;

interface Row {
  readonly own: string | null;
  readonly imported: string | null;
  readonly unusable: string | null;
}

/** The highest costs of all hashes; those made elsewhere that cost more than `maxForeignCost` are unusable. */
export async function readHighestCosts(
  { sequelize, run }: Database,
  maxForeignCost: number,
): Promise<HighestCosts> {
  const replacements = { maxForeign: `$${String(maxForeignCost).padStart(2, '0')}` };
  const [row] = await run(() => sequelize.query<Row>(HIGHEST, { replacements, type: QueryTypes.SELECT }));
  const costOf = (kind: string | null | undefined) => (kind ? Number(kind.slice(1)) : undefined);
  return { own: costOf(row?.own), imported: costOf(row?.imported), unusable: costOf(row?.unusable) };
}
