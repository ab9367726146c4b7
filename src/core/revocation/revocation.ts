import type { Revocation } from '@latchkey/verifier/core';

export type { Revocation };

export interface RecordedRevocation extends Revocation {
  /** Rises with every insert, though not with every commit. */
  readonly position: number;
  readonly createdAt: Date;
}

/**
 * Applies in this process what has just been committed, at once. What it returns resolves when other services that read
 * sessions from Redis no longer find them there either.
 */
export type Announce = (revocations: Iterable<Revocation>) => void | Promise<void>;
