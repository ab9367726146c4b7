import type { VerifyingKey } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { KeyUseStore } from './ports.ts';

export interface KeyUsage {
  /** Notes a use in memory; costs a map look-up. */
  readonly note: (kid: string, use: 'signed' | 'seen') => void;
  /** Writes the notes down. A failure is logged and the notes are kept for the next time. */
  readonly flush: () => Promise<void>;
}

/** Knows when each key signed and was seen, so that an operator can tell when an old one may go. */
export function createKeyUsage(
  keys: readonly VerifyingKey[],
  store: KeyUseStore,
  clock: Clock,
  logger: Logger,
): KeyUsage {
  const algorithms = new Map(keys.map(({ kid, algorithm }) => [kid, algorithm]));
  const notes = new Map<string, { signed?: number; seen?: number }>();

  function note(kid: string, use: 'signed' | 'seen'): void {
    const known = notes.get(kid);
    if (known === undefined) notes.set(kid, { [use]: clock.now() });
    else known[use] = clock.now();
  }

  async function flush(): Promise<void> {
    try {
      for (const [kid, { signed, seen }] of notes) {
        await store.record({
          kid,
          algorithm: algorithms.get(kid) ?? '',
          firstUsedAt: new Date(clock.now()),
          lastSignedAt: toDate(signed),
          lastSeenAt: toDate(seen),
        });
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
