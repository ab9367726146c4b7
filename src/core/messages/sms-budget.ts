import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { rateLimited } from '../errors.ts';
import type { CountStore } from '../limits/counts.store.ts';

const DAY_SECONDS = 86_400;
const WARN_AT = 0.8;

export interface SmsBudgetOptions {
  readonly counts: CountStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Most SMS in a day (UTC), of all processes together. */
  readonly limit: number;
  /** Called with how many SMS the day has had. */
  readonly onSpent: (amount: number) => void;
}

export type SmsBudget = ReturnType<typeof createSmsBudget>;

/** Bounds what SMS can cost in a day, however many numbers and networks ask for them (SMS pumping). */
export function createSmsBudget({ counts, clock, logger, limit, onSpent }: SmsBudgetOptions) {
  let warnedOn = '';

  /** Spends one SMS of the day. @throws AppError rate_limited */
  async function spend(): Promise<void> {
    const at = new Date(clock.now());
    const day = dayOf(at);
    const secondsLeft = DAY_SECONDS - Math.floor((at.getTime() / 1000) % DAY_SECONDS);
    const rule = { limit, windowSeconds: secondsLeft };
    const names = [nameOf(day)];
    await counts.prepare(names, at, rule);
    const isWithinBudget = await counts.take(names, at, rule);
    const { amount } = await counts.read(names);
    onSpent(amount);
    if (amount >= limit * WARN_AT && warnedOn !== day) {
      warnedOn = day;
      logger.warn(
        { sms_today: amount, sms_daily_budget: limit },
        'SMS_DAILY_BUDGET is used up to 80 percent',
      );
    }
    if (isWithinBudget) return;
    throw rateLimited({
      policy: 'sms-daily',
      limit,
      windowSeconds: DAY_SECONDS,
      remaining: 0,
      resetSeconds: secondsLeft,
    });
  }

  /** Reports what all processes have spent of the day, so that the gauge falls to 0 when a new one begins. */
  async function housekeeping(): Promise<void> {
    const { amount } = await counts.read([nameOf(dayOf(new Date(clock.now())))]);
    onSpent(amount);
  }

  return { spend, housekeeping };
}

/** In UTC. */
function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function nameOf(day: string): string {
  return `sms:${day}`;
}
