import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { SessionStore } from './sessions.store.ts';

/** Tracks which refreshes have reached their client: an access token that was issued by one has been used here. */
export interface Confirmations {
  /** Notes in memory that an access token is in use; costs a look-up. */
  readonly note: (claims: AccessTokenClaims) => void;
  /** When this process first saw an access token of that refresh, where that has not been flushed yet; else null. */
  readonly notedAt: (sessionId: string, counter: number) => Date | null;
  /** Flushes the notes. A failure is logged, and the rest is kept for the next time. */
  readonly flush: () => Promise<void>;
  /** Flushes every second until `stop`: before any grace ends, when other processes have to know. */
  readonly start: () => void;
  readonly stop: () => void;
}

interface Note {
  readonly counter: number;
  readonly at: Date;
}

const FLUSH_MILLISECONDS = 1000;
const MAX_ROWS = 200;
/** Some 20 MB while the database is away. A refresh that is not noted then is noted at a later use. */
const MAX_NOTES = 100_000;

export function createConfirmations(
  store: Pick<SessionStore, 'confirm'>,
  clock: Pick<Clock, 'now'>,
  logger: Logger,
): Confirmations {
  const notes = new Map<string, Note>();
  /** The verifier gives the same claims each time a token is used, for as long as it remembers the token. */
  const noted = new WeakSet<AccessTokenClaims>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let failing = false;

  function note(claims: AccessTokenClaims): void {
    const { sid, rot } = claims;
    if (rot === undefined || sid === undefined || noted.has(claims) || notes.size >= MAX_NOTES) return;
    noted.add(claims);
    const known = notes.get(sid);
    if (known === undefined || known.counter < rot)
      notes.set(sid, { counter: rot, at: new Date(clock.now()) });
  }

  function notedAt(sessionId: string, counter: number): Date | null {
    const known = notes.get(sessionId);
    return known?.counter === counter ? known.at : null;
  }

  function flush(): Promise<void> {
    flushing ??= writeAll().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function writeAll(): Promise<void> {
    try {
      // In one order everywhere, or two processes could wait for each other's rows.
      const all = [...notes].sort(([a], [b]) => (a < b ? -1 : 1));
      for (let first = 0; first < all.length; first += MAX_ROWS)
        await write(all.slice(first, first + MAX_ROWS));
      failing = false;
    } catch (error) {
      // Logged once: the failures that follow each second are the same.
      if (!failing) logger.warn({ err: error }, 'could not record confirmed refreshes');
      failing = true;
    }
  }

  async function write(some: readonly [string, Note][]): Promise<void> {
    const confirmed = some.map(([id, { counter }]) => ({ id, refreshCounter: counter }));
    await store.confirm(confirmed, new Date(clock.now()));
    // Unless a later refresh was noted meanwhile.
    for (const [id, note] of some) if (notes.get(id) === note) notes.delete(id);
  }

  return {
    note,
    notedAt,
    flush,
    start() {
      timer = setInterval(flush, FLUSH_MILLISECONDS).unref();
    },
    stop: () => clearInterval(timer),
  };
}
