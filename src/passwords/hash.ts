import bcrypt from 'bcrypt';
import pLimit from 'p-limit';
import { prehash, prehashKeys } from './prehash.ts';

export interface PasswordHasher {
  /** The text to store: `lk1:KEY_ID:BCRYPT_HASH`. */
  readonly hash: (password: string) => Promise<string>;
  /** Compares a password with a stored hash, or with nothing, always for the time of one hash at the live cost. */
  readonly verify: (password: string, stored: string | null) => Promise<Verdict>;
}

export interface Verdict {
  readonly matches: boolean;
  /** The password was right and its hash should be made anew: a foreign scheme, an old pepper or a lower cost. */
  readonly outdated: boolean;
  /** The hash was made with a pepper that is not configured, so that no password can match: the operator has to know. */
  readonly pepperMissing?: true;
}

/** Plain bcrypt as other systems store it, or ours with the scheme tag and the id of the prehash key in front. */
const STORED = /^(?:lk1:(?<keyId>[0-9a-f]{8}):)?(?<bcryptHash>\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53})$/;

const NO_MATCH: Verdict = { matches: false, outdated: false };

/**
 * bcrypt works on the four threads that SQLite and the resolver of host names work on too. With all four of them
 * hashing, a database that is well would look as if it did not answer.
 */
const HASHES_AT_ONCE = 2;

/** Salt and hash of no password, to compare with for nothing. */
const NOBODYS_HASH = 'C6UzMDM.H6dfI/f/IKcEeO7ZiYqqCmz8TS6YzGyQzVgmIgWQpN4Pa';

/** bcrypt over a prehash that keeps every character of the password. `cost` is bcrypt's log2 of rounds, 4 to 31. */
export function createPasswordHasher(cost: number, pepper: string | undefined): PasswordHasher {
  const keys = prehashKeys(pepper);
  const [liveKey] = keys;
  const oneOfFew = pLimit(HASHES_AT_ONCE);

  async function hash(password: string): Promise<string> {
    return `lk1:${liveKey.id}:${await bcrypt.hash(prehash(password, liveKey), cost)}`;
  }

  async function verify(password: string, stored: string | null): Promise<Verdict> {
    const { keyId, bcryptHash, cost: costText } = parseStored(stored);
    const key = keys.find(({ id }) => id === keyId);
    if (bcryptHash === undefined || (keyId !== undefined && key === undefined)) {
      await spend(cost);
      return bcryptHash === undefined ? NO_MATCH : { ...NO_MATCH, pepperMissing: true };
    }
    const storedCost = Number(costText);
    // $2y$ is PHP's name for what everybody else calls $2b$.
    const equal = await bcrypt.compare(
      key ? prehash(password, key) : password,
      bcryptHash.replace(/^\$2y/, '$2b'),
    );
    // Plain bcrypt never saw what follows a NUL, so such a password cannot be the one that was hashed.
    if (!equal || (key === undefined && password.includes('\0'))) {
      await spendDifference(storedCost, cost);
      return NO_MATCH;
    }
    return { matches: true, outdated: keyId !== liveKey.id || storedCost < cost };
  }

  return {
    hash: (password) => oneOfFew(() => hash(password)),
    // All the work of one comparison in one place of the queue: waiting between its parts would tell them apart.
    verify: (password, stored) => oneOfFew(() => verify(password, stored)),
  };
}

function parseStored(stored: string | null): Partial<Record<'keyId' | 'bcryptHash' | 'cost', string>> {
  return (stored === null ? undefined : STORED.exec(stored)?.groups) ?? {};
}

/** The work of one comparison at `cost`, for nothing: an unknown account must take as long as a known one. */
async function spend(cost: number): Promise<void> {
  await bcrypt.compare('', `$2b$${String(cost).padStart(2, '0')}$${NOBODYS_HASH}`);
}

/** A hash at cost c and then one each at c, c+1 ... live-1 add up to one at the live cost: 2^c + (2^live - 2^c). */
async function spendDifference(storedCost: number, liveCost: number): Promise<void> {
  for (let cost = storedCost; cost < liveCost; cost++) await spend(cost);
}
