import type { Clock } from '../clock.ts';
import { firstIndexAbove } from './first-index-above.ts';
import type { RecordedRevocation } from './revocation.ts';

/** Up to where a follower knows what has been revoked. */
export interface LiveCursor {
  /** It has all rows up to this position, below which none can appear any more. */
  readonly settled: number;
  /** It has the known rows between the two, where others may still appear. */
  readonly highest: number;
  /** A checksum of those: a sum over their positions. */
  readonly checksum: number;
}

/** The latest revocations, as this process has read them, in the order of positions. */
export interface RevocationLog {
  /** Takes rows read from the table, some perhaps again, and the position up to which they are settled. */
  readonly append: (page: readonly RecordedRevocation[], settled: number) => void;
  /** The next page for a follower; undefined where that is no longer known here. */
  readonly since: (cursor: LiveCursor) => { events: RecordedRevocation[]; next: LiveCursor } | undefined;
  /** Rises with each append. */
  readonly version: () => number;
  /** The highest position that was ever read. */
  readonly highest: () => number;
  readonly settled: () => number;
  /** Resolves when something is appended, after the given number of milliseconds, or when `signal` is aborted. */
  readonly nextAppend: (withinMilliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Ends every wait, now and from now on. */
  readonly release: () => void;
  /** The number of waiting followers. */
  readonly waiting: () => number;
  /** Whether a follower has asked in the last minute. */
  readonly isFollowed: () => boolean;
}

/** A follower that comes back within this time is served without the database. */
export const KEPT_SECONDS = 1800;
export const PAGE_EVENTS = 5_000;

const FOLLOWED_MILLISECONDS = 60_000;
/** How many late ones are tried to find what a follower has missed. */
const MAX_LATE = 1_000;
/** The time of one answer to a follower, and as much again for the other work of the process. */
const MILLISECONDS_FOR_ONE = 0.5;

/**
 * Positions are assigned at insert and become visible at commit, so a lower position can appear after a higher one. A
 * cursor names what its follower has by a checksum, so any process can answer any cursor. There are three cases:
 *
 * 1. The checksum matches what we know up to the cursor's highest position: send what comes after it.
 * 2. It matches once late arrivals are left out: send those as well.
 * 3. It matches neither: send everything after the settled position again.
 */
export function createRevocationLog(clock: Clock): RevocationLog {
  const entries: RecordedRevocation[] = [];
  /** Those that came when a higher one was known, in the order in which they came. */
  let late: number[] = [];
  const waiting = new Set<() => void>();
  /** Up to here something may have been forgotten. */
  let floor = 0;
  let settled = 0;
  let highest = 0;
  let version = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isReleased = false;
  let restUntil = Number.NEGATIVE_INFINITY;
  let wakingUp: NodeJS.Timeout | undefined;

  function append(page: readonly RecordedRevocation[], settledNow: number): void {
    let isNew = false;
    for (const entry of page) {
      const index = indexAbove(entry.position - 1);
      if (entry.position <= floor || entries[index]?.position === entry.position) continue;
      if (index < entries.length) late.push(entry.position);
      entries.splice(index, 0, entry);
      isNew = true;
    }
    if (isNew || settledNow !== settled) version += 1;
    settled = settledNow;
    highest = Math.max(highest, entries.at(-1)?.position ?? 0);
    forgetOld();
    if (isNew) wakeSoon();
  }

  function forgetOld(): void {
    const keptFrom = clock.now() - KEPT_SECONDS * 1000;
    const kept = entries.findIndex(({ createdAt }) => createdAt.getTime() >= keptFrom);
    const forgotten = entries.splice(0, kept === -1 ? entries.length : kept);
    if (forgotten.length === 0) return;
    floor = forgotten.at(-1)?.position ?? floor;
    late = late.filter((position) => position > floor);
  }

  function since(cursor: LiveCursor) {
    askedAt = clock.monotonic();
    if (cursor.settled < floor || cursor.highest > highest) return undefined;
    const missed = missedBefore(cursor);
    const isUnknown = missed === undefined; // case 3
    const begin = indexAbove(isUnknown ? cursor.settled : cursor.highest);
    const end = begin + PAGE_EVENTS - (missed?.length ?? 0);
    const events = [...(missed ?? []), ...entries.slice(begin, end)];
    const isAll = end >= entries.length;
    const reached = isAll ? highest : (events.at(-1)?.position ?? highest);
    const below = Math.min(settled, reached);
    return { events, next: { settled: below, highest: reached, checksum: checksumOf(below, reached) } };
  }

  /** What has arrived late since the cursor was made; undefined where that does not explain its checksum. */
  function missedBefore(cursor: LiveCursor): RecordedRevocation[] | undefined {
    let sum = checksumOf(cursor.settled, cursor.highest);
    const missed: RecordedRevocation[] = [];
    for (let index = late.length - 1; sum !== cursor.checksum; index--) {
      const position = late[index];
      if (position === undefined || missed.length === MAX_LATE) return undefined;
      const entry = entries[indexAbove(position - 1)];
      if (entry === undefined || position <= cursor.settled || position > cursor.highest) continue;
      sum = (sum - mixed(position)) >>> 0;
      missed.push(entry);
    }
    return missed.sort((one, other) => one.position - other.position);
  }

  /** A checksum of the entries after one position, up to another: few, since what is not settled yet is recent. */
  function checksumOf(from: number, to: number): number {
    let sum = 0;
    for (let index = indexAbove(from); index < entries.length; index++) {
      const position = entries[index]?.position ?? 0;
      if (position > to) break;
      sum = (sum + mixed(position)) >>> 0;
    }
    return sum;
  }

  function indexAbove(position: number): number {
    return firstIndexAbove(entries.length, (index) => entries[index]?.position, position);
  }

  function nextAppend(withinMilliseconds: number, signal: AbortSignal): Promise<void> {
    if (isReleased || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMilliseconds);
      signal.addEventListener('abort', wake);
      waiting.add(wake);
    });
  }

  /** Without delay, unless many were just answered: then revocations in between are sent together. */
  function wakeSoon(): void {
    const rest = restUntil - clock.monotonic();
    if (rest <= 0) wakeAll();
    else wakingUp ??= setTimeout(wakeAll, rest);
  }

  function wakeAll(): void {
    clearTimeout(wakingUp);
    wakingUp = undefined;
    restUntil = clock.monotonic() + waiting.size * MILLISECONDS_FOR_ONE;
    for (const wake of waiting) wake();
  }

  return {
    append,
    since,
    version: () => version,
    highest: () => highest,
    settled: () => settled,
    nextAppend,
    release() {
      isReleased = true;
      wakeAll();
    },
    waiting: () => waiting.size,
    isFollowed: () => clock.monotonic() - askedAt < FOLLOWED_MILLISECONDS,
  };
}

/** 32 bits that look random (the finalizer of MurmurHash3), so that other positions hardly ever have the same sum. */
function mixed(position: number): number {
  let bits = position ^ (position >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
