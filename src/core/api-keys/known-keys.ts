import type { RevocableClaims } from '@latchkey/verifier/core';
import type { Clock } from '../clock.ts';
import type { ApiKeyPrincipal } from '../principal.ts';
import { BoundedMap } from '../values/bounded-map.ts';

/** The cached result of a read of the database. */
export interface KnownKey {
  readonly principal: ApiKeyPrincipal;
  /** The rights of its owner that it came from: what revokes those ends what is known. */
  readonly from: RevocableClaims;
  readonly expiresAt: Date | null;
  /** Final: a revoked key is never restored. */
  readonly isRevoked: boolean;
}

/** For how long a key is used without reading it again. */
export const CACHE_SECONDS = 30;

const MAX_KEYS = 10_000;

/** The keys that this process has read lately, by their hash; where there are too many the one read first goes. */
export function createKnownKeys(clock: Pick<Clock, 'monotonic'>) {
  const entries = new BoundedMap<string, { readonly key: KnownKey; readonly readAt: number }>(MAX_KEYS);
  return {
    get(hash: string): KnownKey | undefined {
      const entry = entries.get(hash);
      if (entry === undefined) return undefined;
      return clock.monotonic() - entry.readAt < CACHE_SECONDS * 1000 ? entry.key : undefined;
    },
    /** Whether this process has ever read such a key, which it has not of one that is made up. */
    hasSeen: (hash: string): boolean => entries.has(hash),
    /** `readAt` is of the monotonic clock, from before the reading began. */
    keep(hash: string, key: KnownKey, readAt: number): KnownKey {
      entries.set(hash, { key, readAt });
      return key;
    },
  };
}
