import type { Place, Turn } from './fair-queue.ts';
import { dummyHash } from './hash-worker.js';
import type { HashWorkers } from './hash-workers.ts';
import { type PrehashKey, prehash, prehashKeys } from './prehash.ts';
import { maxForeignCost, type StoredCosts } from './stored-costs.ts';

/** `turn` is the client of the request, or the place that was reserved for it: where many wait, clients take turns. */
export interface PasswordHasher {
  /**
   * The text to store: `lk1:KEY_ID:BCRYPT_HASH`.
   * @throws AppError overloaded
   */
  readonly hash: (password: string, turn: Turn) => Promise<string>;
  /**
   * Compares a password with a stored hash, or with nothing. Where it is wrong that takes the same time for every
   * account: that of one hash at the live cost, or at the highest stored cost if that is higher.
   * @throws AppError overloaded
   */
  readonly verify: (password: string, stored: string | null, turn: Turn) => Promise<Verdict>;
  /**
   * Takes a place before anything else is done for a password. `device` is what the client has logged in with before.
   * @throws AppError overloaded
   */
  readonly reserve: (client: string, device?: string) => Place;
}

export interface Verdict {
  readonly matches: boolean;
  /** The password was correct and its hash should be replaced: a foreign scheme, an old pepper or another cost. */
  readonly outdated: boolean;
  /** The hash was made with a pepper that is not configured, so that no password can match: the operator has to know. */
  readonly pepperMissing?: true;
  /** The hash is from another system and costs more than may be compared: the operator has to know. */
  readonly tooCostly?: true;
}

/** Plain bcrypt as other systems store it, or ours with the scheme tag and the id of the prehash key in front. */
const STORED =
  /^(?:lk1:(?<keyId>[0-9a-f]{8}):)?(?<bcryptHash>\$2[aby]\$(?<cost>0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53})$/;

const NO_MATCH: Verdict = { matches: false, outdated: false };

/** bcrypt over a prehash that keeps every character of the password. `cost` is bcrypt's log2 of rounds, 4 to 31. */
export function createPasswordHasher(
  cost: number,
  pepper: string | undefined,
  workers: Pick<HashWorkers, 'hash' | 'compare' | 'reserve'>,
  { workCost, note }: Pick<StoredCosts, 'workCost' | 'note'> = { workCost: () => cost, note: () => {} },
): PasswordHasher {
  const keys = prehashKeys(pepper);
  const [liveKey] = keys;

  async function hash(password: string, turn: Turn): Promise<string> {
    const text = prehash(password, liveKey);
    return `lk1:${liveKey.id}:${await workers.hash(turn, { kind: 'hash', text, cost })}`;
  }

  async function verify(password: string, stored: string | null, turn: Turn): Promise<Verdict> {
    const { keyId, bcryptHash, cost: costText } = parseStored(stored);
    const key = keys.find(({ id }) => id === keyId);
    const pepperMissing = keyId !== undefined && key === undefined;
    const storedCost = Number(costText);
    const isOwn = keyId !== undefined;
    const tooCostly = !isOwn && storedCost > maxForeignCost(cost);
    const comparable = bcryptHash !== undefined && !pepperMissing && !tooCostly;
    if (comparable) note(storedCost, isOwn);
    // One piece of work however it ends: an unknown account must take as long as a known one, and wait as often.
    const matches = await workers.compare(turn, {
      kind: 'compare',
      text: textFor(password, comparable ? key : liveKey),
      // $2y$ is PHP's name for $2b$.
      bcryptHash: comparable ? bcryptHash.replace(/^\$2y/, '$2b') : dummyHash(cost),
      workCost: workCost(),
      mayMatch: comparable && (key !== undefined || isForeignPassword(password)),
    });
    if (matches) return { matches, outdated: keyId !== liveKey.id || storedCost !== cost };
    return { ...NO_MATCH, ...(pepperMissing && { pepperMissing }), ...(tooCostly && { tooCostly }) };
  }

  return { hash, verify, reserve: workers.reserve };
}

/** The input of bcrypt: plain hashes are of the password itself. */
function textFor(password: string, key: PrehashKey | undefined): string {
  return key === undefined ? password : prehash(password, key);
}

/**
 * Whether plain bcrypt may have hashed it. It never saw what follows a NUL; an empty text it takes, but that is
 * not a password, even where its hash was imported.
 */
function isForeignPassword(password: string): boolean {
  return password !== '' && !password.includes('\0');
}

function parseStored(stored: string | null): Partial<Record<'keyId' | 'bcryptHash' | 'cost', string>> {
  return (stored === null ? undefined : STORED.exec(stored)?.groups) ?? {};
}
