import { after } from './ending.ts';

export interface SessionLifetimes {
  readonly accessTokenTtlSeconds: number;
  /** How long a session may rest between two refreshes, or two uses of its cookie. */
  readonly idleSeconds: number;
  /** How long a session lasts at most. */
  readonly absoluteSeconds: number;
  /** How long a refresh token that was used up still gets the latest one. */
  readonly reuseGraceSeconds: number;
  /** The same for the previous one while the latest one is not known to have arrived. */
  readonly retrySeconds: number;
}

/** When a session that is in use at a time ends unless it is used again. */
export function idleExpiry(
  at: Date,
  absoluteExpiresAt: Date,
  { idleSeconds }: Pick<SessionLifetimes, 'idleSeconds'>,
): Date {
  return new Date(Math.min(after(at, idleSeconds).getTime(), absoluteExpiresAt.getTime()));
}

/** At least one, so that no lifetime is zero. */
export function secondsBetween(from: Date, to: Date): number {
  return Math.max(1, Math.floor((to.getTime() - from.getTime()) / 1000));
}
