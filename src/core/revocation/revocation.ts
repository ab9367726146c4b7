import type { Revocation } from '@latchkey/verifier/core';

export type { Revocation };

export interface RecordedRevocation extends Revocation {
  /** Rises with every insert, though not with every commit. */
  readonly position: number;
  readonly createdAt: Date;
}

/** Applies in this process what has just been committed. */
export type Announce = (revocations: Iterable<Revocation>) => void;
