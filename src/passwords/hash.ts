import bcrypt from 'bcrypt';
import { type PrehashKey, prehash, prehashKeys } from './prehash.ts';

export interface PasswordHasher {
  /** The text to store: `lk1:KEY_ID:BCRYPT_HASH`. */
  readonly hash: (password: string) => Promise<string>;
  /**
   * Compares a password with a stored hash, or with nothing, always for the time of one hash at the live cost.
   * @throws Error when the hash was made with a pepper that is not configured.
   */
  readonly verify: (password: string, stored: string | null) => Promise<Verdict>;
}

export interface Verdict {
  readonly matches: boolean;
  /** The password was right and its hash should be made anew: a foreign scheme, an old pepper or a lower cost. */
  readonly outdated: boolean;
}

/** Plain bcrypt as other systems store it, or ours with the scheme tag and the id of the prehash key in front. */
const STORED = /^(?:lk1:(?<keyId>[0-9a-f]{8}):)?(?<bcryptHash>\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53})$/;

const NO_MATCH: Verdict = { matches: false, outdated: false };

/** bcrypt over a prehash that keeps every character of the password. `cost` is bcrypt's log2 of rounds, 4 to 31. */
export function createPasswordHasher(cost: number, pepper: string | undefined): PasswordHasher {
  const keys = prehashKeys(pepper);
  const [liveKey] = keys;

  return {
    async hash(password) {
      return `lk1:${liveKey.id}:${await bcrypt.hash(prehash(password, liveKey), cost)}`;
    },

    async verify(password, stored) {
      const parts = stored === null ? undefined : STORED.exec(stored)?.groups;
      if (parts === undefined) {
        await spend(cost);
        return NO_MATCH;
      }
      const { keyId, bcryptHash = '' } = parts;
      const storedCost = Number(parts.cost);
      const input = keyId === undefined ? password : prehash(password, keyOf(keys, keyId));
      // $2y$ is PHP's name for what everybody else calls $2b$.
      const equal = await bcrypt.compare(input, bcryptHash.replace(/^\$2y/, '$2b'));
      // Plain bcrypt never saw what follows a NUL, so such a password cannot be the one that was hashed.
      const matches = equal && !(keyId === undefined && password.includes('\0'));
      if (!matches) {
        await spendDifference(storedCost, cost);
        return NO_MATCH;
      }
      return { matches, outdated: keyId !== liveKey.id || storedCost < cost };
    },
  };
}

function keyOf(keys: readonly PrehashKey[], id: string): PrehashKey {
  const key = keys.find((candidate) => candidate.id === id);
  if (key === undefined)
    throw new Error(`a password hash was made with the pepper ${id}, which is not configured`);
  return key;
}

/** The work of one hash at `cost`, for nothing: an unknown account must take as long as a known one. */
async function spend(cost: number): Promise<void> {
  await bcrypt.hash('', cost);
}

/** A hash at cost c and then one each at c, c+1 ... live-1 add up to one at the live cost: 2^c + (2^live - 2^c). */
async function spendDifference(storedCost: number, liveCost: number): Promise<void> {
  for (let cost = storedCost; cost < liveCost; cost++) await spend(cost);
}
