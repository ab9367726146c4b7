import type { VerifyingKey } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { KeyUseStore } from './key-usage.store.ts';

export interface KeyUsage {
  /** Notes a use in memory; costs a map look-up. */
  readonly note: (kid: string, use: 'signed' | 'seen') => void;
  /** Flushes the notes. A failure is logged, and the rest is kept for the next time. */
  readonly flush: () => Promise<void>;
}

/** When a key was used last, in milliseconds since 1970. */
interface Note {
  readonly signed?: number;
  readonly seen?: number;
}

/** Tracks when each key last signed and verified, so that an operator can tell when an old one may be removed. */
export function createKeyUsage(
  keys: readonly VerifyingKey[],
  store: Pick<KeyUseStore, 'record'>,
  clock: Clock,
  logger: Logger,
): KeyUsage {
  const algorithms = new Map(keys.map(({ kid, algorithm }) => [kid, algorithm]));
  const notes = new Map<string, Note>();

  function note(kid: string, use: 'signed' | 'seen'): void {
    notes.set(kid, { ...notes.get(kid), [use]: clock.now() });
  }

  async function flush(): Promise<void> {
    try {
      for (const [kid, noted] of [...notes]) {
        await store.record({
          kid,
          algorithm: algorithms.get(kid) ?? '',
          firstUsedAt: new Date(clock.now()),
          lastSignedAt: toDate(noted.signed),
          lastSeenAt: toDate(noted.seen),
        });
        // Unless a later use was noted meanwhile.
        if (notes.get(kid) === noted) notes.delete(kid);
      }
    } catch (error) {
      logger.warn({ err: error }, 'the use of keys could not be recorded');
    }
  }

  return { note, flush };
}

function toDate(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : new Date(milliseconds);
}
