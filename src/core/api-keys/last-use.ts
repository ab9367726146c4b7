import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { ApiKeyStore } from './api-keys.store.ts';

export interface ApiKeyUsage {
  /** Notes a use in memory; costs a map look-up. */
  readonly note: (id: string) => void;
  /** Flushes the notes. A failure is logged, and the rest is kept for the next time. */
  readonly flush: () => Promise<void>;
}

/** Tracks when each key was used last, without a write for each request. */
export function createApiKeyUsage(
  store: Pick<ApiKeyStore, 'recordUse'>,
  clock: Pick<Clock, 'now'>,
  logger: Logger,
): ApiKeyUsage {
  const notes = new Map<string, number>();

  async function flush(): Promise<void> {
    try {
      for (const [id, usedAt] of [...notes]) {
        await store.recordUse(id, new Date(usedAt));
        // Unless it was used again meanwhile.
        if (notes.get(id) === usedAt) notes.delete(id);
      }
    } catch (error) {
      logger.warn({ err: error }, 'the use of API keys could not be recorded');
    }
  }

  return {
    note: (id) => {
      notes.set(id, clock.now());
    },
    flush,
  };
}
