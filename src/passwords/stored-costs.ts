import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { StoredCost } from './ports.ts';

export interface StoredCosts {
  /**
   * The cost whose time every comparison takes at least where the password is wrong: that of the costliest hash that may
   * be compared. Otherwise an account with such a hash could be told by its time.
   */
  readonly workCost: () => number;
  /** Notes that there is such a hash. */
  readonly note: (cost: number, isOwn: boolean) => void;
  /** Reads what has been stored, the first time all of it and then what is new. A failure is logged. */
  readonly refresh: () => Promise<void>;
}

export interface StoredCostsOptions {
  readonly liveCost: number;
  /** The hashes of accounts that were made since then, or all. */
  readonly read: (since: Date | null) => Promise<readonly StoredCost[]>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** How far each reading overlaps the last one, for slow transactions and clocks that differ. */
const OVERLAP_MILLISECONDS = 300_000;

/** A hash from elsewhere that costs more is not compared: whoever brought it along would decide how long a login takes. */
export function maxForeignCost(liveCost: number): number {
  return liveCost + 1;
}

export function createStoredCosts({ liveCost, read, clock, logger }: StoredCostsOptions): StoredCosts {
  let highest = liveCost;
  let since: Date | null = null;

  function note(cost: number, isOwn: boolean): void {
    if (isOwn || cost <= maxForeignCost(liveCost)) highest = Math.max(highest, cost);
  }

  async function refresh(): Promise<void> {
    const from = since;
    const begunAt = clock.now();
    try {
      const stored = await read(from);
      for (const { cost, isOwn } of stored) note(cost, isOwn);
      if (from === null) report(stored);
      since = new Date(begunAt - OVERLAP_MILLISECONDS);
    } catch (error) {
      // As if there were the costliest that may come from elsewhere.
      note(maxForeignCost(liveCost), false);
      logger.warn({ err: error }, 'the costs of the stored password hashes could not be read');
    }
  }

  function report(stored: readonly StoredCost[]): void {
    const unusable = stored.filter(({ cost, isOwn }) => !isOwn && cost > maxForeignCost(liveCost));
    const users = unusable.reduce((sum, one) => sum + one.users, 0);
    if (users > 0) {
      const costs = unusable.map(({ cost }) => cost);
      const message = 'imported password hashes cost more than twice BCRYPT_COST and are not compared';
      logger.warn({ users, costs }, message);
    }
    if (highest > liveCost) {
      const message =
        'password hashes cost more than BCRYPT_COST: wrong passwords take as long as the costliest';
      logger.warn({ bcrypt_cost: liveCost, costliest: highest }, message);
    }
  }

  return { workCost: () => highest, note, refresh };
}
