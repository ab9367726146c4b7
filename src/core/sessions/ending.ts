import {
  CLOCK_TOLERANCE_SECONDS,
  MAX_ACCESS_TOKEN_TTL_SECONDS,
  MAX_CLOCK_TOLERANCE_SECONDS,
} from '@latchkey/verifier/core';
import { type EventType, entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import type { Caller } from '../principal.ts';
import type { Announce, Revocation } from '../revocation/revocation.ts';
import type { CoreStore, CoreStores } from '../stores.ts';
import type { RevocationReason, SessionFilter } from './session.ts';

/** The stores that a revocation writes to, inside a transaction or outside. */
type EndingStores = Pick<CoreStores, 'sessions' | 'revocations' | 'audit' | 'challenges'>;

const MAX_LISTED_SESSIONS = 100;

/** How the audit log calls the end of sessions, if not simply that. */
const EVENT_OF: Partial<Record<RevocationReason, EventType>> = {
  logout: 'logout',
  refresh_token_reused: 'refresh.reused',
};

export interface EndingDependencies {
  readonly store: CoreStore;
  readonly announce: Announce;
  /** Called with the keys of cookies whose sessions are gone, so that nothing is kept of them elsewhere. */
  readonly forgetCookies?: (keys: readonly string[]) => void | Promise<void>;
  readonly clock: Clock;
}

/** How sessions end before their time: in the database, in this process immediately, and in the others within a second. */
export function createEnding({ store, announce, forgetCookies = () => {}, clock }: EndingDependencies) {
  const now = () => new Date(clock.now());

  /** Revokes what the filter names, here immediately and in every other process within a second. How many that were. */
  async function end(filter: SessionFilter, reason: RevocationReason, caller: Caller): Promise<number> {
    const revoked = await store.transaction((stores) => endWithin(stores, filter, reason, caller));
    await announce(revoked);
    return revoked.length;
  }

  /** The part of `end` for a transaction with something else; `announce` the result after its commit. */
  async function endWithin(
    stores: EndingStores,
    filter: SessionFilter,
    reason: RevocationReason,
    caller: Caller,
  ): Promise<Revocation[]> {
    const ended = await revokeWithin(stores, filter, reason);
    if (ended.length > 0) await record(stores, filter.userId, ended, reason, caller);
    return ended;
  }

  async function record(
    { audit }: EndingStores,
    userId: string,
    ended: readonly Revocation[],
    reason: RevocationReason,
    caller: Caller,
  ): Promise<void> {
    const details = {
      reason,
      sessions: ended.map(({ subjectId }) => subjectId).slice(0, MAX_LISTED_SESSIONS),
    };
    const outcome = reason === 'refresh_token_reused' ? 'failure' : 'success';
    const type = EVENT_OF[reason] ?? 'session.ended';
    await audit.append(entryOf(type, caller, userId, details, outcome), now());
  }

  /**
   * The same without an entry in the audit log, where another entry records the whole. Where it is more than one session, it
   * also ends what was begun in them and can be finished without them, such as a change of the address by a thief.
   */
  async function revokeWithin(
    { sessions, revocations: recorded, challenges }: EndingStores,
    filter: SessionFilter,
    reason: RevocationReason,
  ): Promise<Revocation[]> {
    const at = now();
    const ids = await sessions.revoke(filter, reason, at);
    if (filter.id === undefined) await challenges.endAll(filter.userId, ['email_change', 'exchange']);
    const revoked = ids.map((id) => revocationOf('session', id, null, at));
    await recorded.insert(revoked, at);
    return revoked;
  }

  /**
   * Revokes everything that a user got until now, in a transaction that ends the account. A few seconds more make up for
   * clocks that differ; the user gets no tokens in them anyway.
   */
  function revokeUserWithin(stores: EndingStores, userId: string): Promise<Revocation[]> {
    return recordWithin(stores, 'user', userId, after(now(), CLOCK_TOLERANCE_SECONDS));
  }

  /** Refuses access tokens that hold older rights than the user has had since `version`; sessions go on. */
  function revokeRightsWithin(stores: EndingStores, userId: string, version: Date): Promise<Revocation[]> {
    return recordWithin(stores, 'rights', userId, version);
  }

  /** Revokes one token that belongs to no session, by its `jti`. */
  function revokeTokenWithin(stores: EndingStores, jti: string): Promise<Revocation[]> {
    return recordWithin(stores, 'session', jti, null);
  }

  async function recordWithin(
    { revocations: recorded }: EndingStores,
    kind: Revocation['kind'],
    subjectId: string,
    notBefore: Date | null,
  ): Promise<Revocation[]> {
    const at = now();
    const revoked = [revocationOf(kind, subjectId, notBefore, at)];
    await recorded.insert(revoked, at);
    return revoked;
  }

  return {
    end,
    endWithin,
    revokeWithin,
    revokeUserWithin,
    revokeRightsWithin,
    revokeTokenWithin,
    announce,
    forgetCookies,
  };
}

/**
 * A revocation of what was issued until `at`. No such token is alive after the longest lifetime that any replica can
 * have been given, and the tolerance of those who verify it.
 */
export function revocationOf(
  kind: Revocation['kind'],
  subjectId: string,
  notBefore: Date | null,
  at: Date,
): Revocation {
  const toleratedSeconds = CLOCK_TOLERANCE_SECONDS + MAX_CLOCK_TOLERANCE_SECONDS;
  const expiresAt = after(at, MAX_ACCESS_TOKEN_TTL_SECONDS + toleratedSeconds);
  return { kind, subjectId, notBefore, expiresAt };
}

/** `seconds` after `at`. */
export function after(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}
