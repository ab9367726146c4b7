import type { Logger } from 'pino';

const QUIET_MILLISECONDS = 60_000;
/** What a caller invents must not fill the memory, nor the log. */
const MAX_REMEMBERED = 100;
const MAX_LENGTH = 300;

/** Says in the log that pages of an origin may not call: the browser tells its user nothing of the cause. */
export type NoteRefusedOrigin = (origin: string) => void;

/** Once a minute for each origin, and for a hundred of them at most. */
export function createRefusedOrigins(logger: Logger, monotonic: () => number): NoteRefusedOrigin {
  const quietUntil = new Map<string, number>();

  return (origin) => {
    if (!canBeOfBrowser(origin)) return;
    const now = monotonic();
    if ((quietUntil.get(origin) ?? now) > now) return;
    for (const [known, until] of quietUntil) {
      if (until <= now) quietUntil.delete(known);
    }
    if (quietUntil.size >= MAX_REMEMBERED) return;
    quietUntil.set(origin, now + QUIET_MILLISECONDS);
    logger.warn({ origin }, `origin ${origin} is not in CORS_ORIGINS`);
  };
}

function canBeOfBrowser(origin: string): boolean {
  if (origin === 'null') return true;
  return origin.length <= MAX_LENGTH && URL.canParse(origin) && new URL(origin).origin === origin;
}
