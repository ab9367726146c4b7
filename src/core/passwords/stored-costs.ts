import type { Logger } from 'pino';
import type { HighestCosts } from './hash-costs.store.ts';

export interface StoredCosts {
  /**
   * The cost whose time every comparison takes at least where the password is wrong: that of the costliest hash that may
   * be compared. Otherwise an account with such a hash could be told by its time.
   */
  readonly workCost: () => number;
  /** Notes that a hash of this cost is stored. */
  readonly note: (cost: number, isOwn: boolean) => void;
  /** Reads the costs that are stored, also by other processes. A failure is logged. */
  readonly refresh: () => Promise<void>;
}

export interface StoredCostsOptions {
  readonly liveCost: number;
  readonly read: () => Promise<HighestCosts>;
  readonly logger: Logger;
}

/** A hash from elsewhere that costs more is not compared: its author would decide how long a login takes. */
export function maxForeignCost(liveCost: number): number {
  return liveCost + 1;
}

export function createStoredCosts({ liveCost, read, logger }: StoredCostsOptions): StoredCosts {
  let highest = liveCost;
  let isReported = false;

  function note(cost: number, isOwn: boolean): void {
    if (isOwn || cost <= maxForeignCost(liveCost)) highest = Math.max(highest, cost);
  }

  async function refresh(): Promise<void> {
    try {
      const { own = liveCost, imported = liveCost, unusable } = await read();
      note(own, true);
      note(imported, false);
      if (!isReported) report(unusable);
      isReported = true;
    } catch (error) {
      // As if there were the costliest that may come from elsewhere.
      note(maxForeignCost(liveCost), false);
      logger.warn({ err: error }, 'the costs of the stored password hashes could not be read');
    }
  }

  function report(unusable: number | undefined): void {
    if (unusable !== undefined) {
      const message = 'imported password hashes have a bcrypt cost above BCRYPT_COST + 1 and cannot be used';
      logger.warn({ bcrypt_cost: liveCost, costliest: unusable }, message);
    }
    if (highest > liveCost) {
      const message =
        'some password hashes have a higher cost than BCRYPT_COST: wrong passwords take as long as the costliest';
      logger.warn({ bcrypt_cost: liveCost, costliest: highest }, message);
    }
  }

  return { workCost: () => highest, note, refresh };
}
