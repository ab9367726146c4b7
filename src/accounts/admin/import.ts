import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { AppError, fieldError } from '../../errors.ts';
import { type ConfirmedGranter, confirmGranter, demandRank, type Granter } from '../../http/granter.ts';
import { parse } from '../../http/parse.ts';
import { entryOf } from '../../ledger.ts';
import type { AccountStore, NewUser } from '../ports.ts';
import { demandGrantable } from './rank.ts';
import { ImportedUser, type ImportResult } from './schemas.ts';

/** Of one UUID. */
const RANDOM_BYTES = 16;

interface Candidate {
  readonly index: number;
  readonly user: NewUser;
  readonly roles: readonly string[];
}

/**
 * Brings users along from another system, with their bcrypt hashes, which are made anew at their first login. Each item
 * is imported whole or not at all.
 */
export function createImport(store: AccountStore, clock: Clock) {
  async function importUsers(items: readonly unknown[], admin: Granter): Promise<ImportResult[]> {
    const results: ImportResult[] = [];
    // All at once, since each call of the system takes longer than all else about an id.
    const random = randomBytes(items.length * RANDOM_BYTES);
    const randomOf = (index: number) => random.subarray(index * RANDOM_BYTES, (index + 1) * RANDOM_BYTES);
    const candidates = items.flatMap((item, index) => {
      const read = collect(results, index, () =>
        toCandidate(item, index, new Date(clock.now()), randomOf(index)),
      );
      return read === undefined ? [] : [read];
    });
    const granter = await confirmGranter(store, admin, new Date(clock.now()));
    const grantable = await withoutUngrantable(candidates, results, granter);
    results.push(...(await insert(grantable, admin)));
    return results.sort((a, b) => a.index - b.index);
  }

  /** Each combination of roles is looked at once. */
  async function withoutUngrantable(
    candidates: Candidate[],
    results: ImportResult[],
    granter: ConfirmedGranter,
  ) {
    const existing = await store.userRoles.existing(unique(candidates.flatMap(({ roles }) => roles)));
    const refusals = new Map<string, AppError | null>();
    for (const { roles } of candidates) {
      const key = roles.join(' ');
      if (refusals.has(key)) continue;
      const unknown = roles.find((role) => !existing.has(role));
      refusals.set(
        key,
        unknown === undefined
          ? await refusalOf(() => demandGrantable(store, granter, roles))
          : new AppError('unknown_role', `There is no role ${unknown}.`),
      );
    }
    return candidates.filter(({ index, roles }) => {
      const refusal = refusals.get(roles.join(' '));
      if (refusal) results.push(toResult(index, refusal));
      return !refusal;
    });
  }

  /**
   * All at once, first as if nobody were there yet, which is what an import mostly finds; then without those who are.
   * Where somebody signs up or a role goes at the same moment, one after another.
   */
  async function insert(candidates: readonly Candidate[], admin: Granter): Promise<ImportResult[]> {
    let chosen = choose(candidates, new Set());
    let refusal = await refusalOf(() => insertAll(chosen.fresh, admin));
    if (refusal !== null) {
      chosen = choose(candidates, await takenOf(candidates));
      refusal = await refusalOf(() => insertAll(chosen.fresh, admin));
    }
    const { fresh, refused } = chosen;
    if (refusal === null) return [...refused, ...fresh.map(({ index, user }) => ({ index, id: user.id }))];
    const results = [...refused];
    for (const candidate of fresh) {
      const why = await refusalOf(() => insertAll([candidate], admin));
      results.push(why ? toResult(candidate.index, why) : { index: candidate.index, id: candidate.user.id });
    }
    return results;
  }

  function takenOf(candidates: readonly Candidate[]): Promise<ReadonlySet<string>> {
    const emails = candidates.map(({ user }) => user.email.canonical);
    const usernames = candidates.flatMap(({ user }) => user.username?.canonical ?? []);
    return store.users.taken(emails, usernames);
  }

  async function insertAll(candidates: readonly Candidate[], admin: Granter): Promise<void> {
    if (candidates.length === 0) return;
    const roles = unique(candidates.flatMap((candidate) => candidate.roles));
    await store.transaction(async (stores) => {
      const granter = await confirmGranter(stores, admin, new Date(clock.now()));
      await stores.users.insertMany(candidates.map(({ user }) => user));
      await stores.userRoles.addMany(
        candidates.flatMap(({ user, roles }) => roles.map((role) => ({ userId: user.id, role }))),
      );
      // Once more, since from now on these roles stay as they are.
      demandRank(granter, { roles, permissions: await stores.userRoles.permissionsOf(roles) });
      const entries = candidates.map(({ user, roles: given }) =>
        entryOf('user.imported', granter.caller, user.id, { roles: given }),
      );
      await stores.ledger.appendMany(entries, new Date(clock.now()));
    });
  }

  return importUsers;
}

/** Those who have an address and a username that nobody has, nor anybody earlier in the same import. */
function choose(candidates: readonly Candidate[], taken: ReadonlySet<string>) {
  const seen = new Set(taken);
  const refused: ImportResult[] = [];
  const fresh = candidates.filter(({ index, user: { email, username } }) => {
    const code = seen.has(email.canonical)
      ? 'email_taken'
      : username && seen.has(username.canonical)
        ? 'username_taken'
        : undefined;
    if (code) refused.push(toResult(index, new AppError(code)));
    else seen.add(email.canonical).add(username?.canonical ?? email.canonical);
    return code === undefined;
  });
  return { fresh, refused };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function toCandidate(item: unknown, index: number, now: Date, random: Uint8Array): Candidate {
  const read: z.output<typeof ImportedUser> = parse(ImportedUser, item);
  const createdAt = read.created_at ?? now;
  if (createdAt > now)
    throw fieldError('/created_at', 'invalid_time', '/created_at: Must not be in the future.');
  return {
    index,
    roles: read.roles,
    user: {
      id: uuidv7({ msecs: now.getTime(), random }),
      email: read.email,
      username: read.username ?? null,
      name: read.name ?? null,
      passwordHash: read.password_hash ?? null,
      emailVerifiedAt: read.email_verified ? createdAt : null,
      createdAt,
    },
  };
}

function collect<Result>(results: ImportResult[], index: number, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    results.push(toResult(index, error));
    return undefined;
  }
}

/** What `work` is refused with, or null. What is no refusal of this item, such as a lost database, is thrown. */
async function refusalOf(work: () => Promise<void>): Promise<AppError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code !== 'database_unavailable') return error;
    throw error;
  }
}

function toResult(index: number, { code, detail }: AppError): ImportResult {
  return { index, code, detail };
}
