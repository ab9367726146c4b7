import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import { assertRolesGrantable, confirmGranter, type Granter, requireRank } from '../../core/access/grants.ts';
import { entryOf } from '../../core/audit/audit.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError, type ErrorCode, type FieldError } from '../../core/errors.ts';
import type { TotpFactor } from '../../core/factors/factor.ts';
import type { PrincipalCaller } from '../../core/principal.ts';
import type { CoreStore } from '../../core/stores.ts';
import type { Seal } from '../../core/tokens/seal.ts';
import type { Identifier } from '../../core/users/identifiers.ts';
import type { NewUser } from '../../core/users/user.ts';
import { randomBytes, UUID_BYTES } from '../../core/values/random.ts';
import { parse } from '../../http/parse.ts';
import { bcryptCostOf, type ImportResult, importedUser } from './schemas.ts';

interface Candidate {
  readonly index: number;
  readonly user: NewUser & { readonly email: Identifier };
  readonly roles: readonly string[];
  readonly factor: TotpFactor | null;
}

export interface ImportDependencies {
  readonly store: CoreStore;
  readonly clock: Clock;
  /** Seals the secret of an authenticator app for the id of its row. */
  readonly seal: Seal;
  /** Hashes that cost more are refused. */
  readonly maxHashCost: number;
  /** Called with the cost of each hash before it is stored. */
  readonly onHash: (cost: number) => void;
}

const IN_THE_FUTURE: FieldError = {
  pointer: '/created_at',
  code: 'invalid_time',
  detail: 'Must not be in the future.',
};

/** How an item is imported. */
interface ImportedAs {
  readonly index: number;
  readonly now: Date;
  readonly seal: Seal;
}

/** A user who may still be imported, or the reason against it. */
type Judged = Candidate | ImportResult;

/**
 * Imports users of another system with their bcrypt hashes, which are replaced at their first login. Each item
 * is imported whole or not at all.
 */
export function createImport({ store, clock, seal, maxHashCost, onHash }: ImportDependencies) {
  const ImportedUser = importedUser(maxHashCost);

  async function importUsers(items: readonly unknown[], admin: PrincipalCaller): Promise<ImportResult[]> {
    const now = new Date(clock.now());
    const read = split(items.map((item, index) => toCandidate(ImportedUser, item, { index, now, seal })));
    for (const { user } of read.candidates) if (user.passwordHash) onHash(bcryptCostOf(user.passwordHash));
    const granter = await confirmGranter(store, admin, now);
    const granted = split(await judgeRoles(read.candidates, granter));
    const results = [...read.results, ...granted.results, ...(await insert(granted.candidates, admin))];
    return results.sort((a, b) => a.index - b.index);
  }

  /** Each combination of roles is checked only once. */
  async function judgeRoles(candidates: readonly Candidate[], granter: Granter): Promise<Judged[]> {
    const unknown = await store.userRoles.unknown(unique(candidates.flatMap(({ roles }) => roles)));
    const refusals = new Map<string, AppError | null>();
    for (const { roles } of candidates) {
      const combination = roles.join(' ');
      if (refusals.has(combination)) continue;
      const missing = roles.find((role) => unknown.includes(role));
      const refusal =
        missing === undefined
          ? await refusalOf(() => assertRolesGrantable(store, granter, roles))
          : new AppError('unknown_role', `There is no role ${missing}.`);
      refusals.set(combination, refusal);
    }
    return candidates.map((candidate) => {
      const refusal = refusals.get(candidate.roles.join(' '));
      return refusal ? toResult(candidate.index, refusal) : candidate;
    });
  }

  /**
   * All at once, first as if none of them were there yet, which is what an import mostly finds; then without those who
   * are. Where one of them signs up or a role goes at the same moment, one after another.
   */
  async function insert(candidates: readonly Candidate[], admin: PrincipalCaller): Promise<ImportResult[]> {
    let chosen = split(judgeIdentifiers(candidates, new Set()));
    let refusal = await refusalOf(() => insertAll(chosen.candidates, admin));
    if (refusal !== null) {
      chosen = split(judgeIdentifiers(candidates, await takenOf(candidates)));
      refusal = await refusalOf(() => insertAll(chosen.candidates, admin));
    }
    const results = [...chosen.results];
    for (const candidate of chosen.candidates) {
      const why = refusal && (await refusalOf(() => insertAll([candidate], admin)));
      results.push(why ? toResult(candidate.index, why) : { index: candidate.index, id: candidate.user.id });
    }
    return results;
  }

  function takenOf(candidates: readonly Candidate[]): Promise<ReadonlySet<string>> {
    const emails = candidates.map(({ user }) => user.email.canonical);
    const usernames = candidates.flatMap(({ user }) => user.username?.canonical ?? []);
    return store.users.taken(emails, usernames);
  }

  async function insertAll(candidates: readonly Candidate[], admin: PrincipalCaller): Promise<void> {
    if (candidates.length === 0) return;
    const roles = unique(candidates.flatMap((candidate) => candidate.roles));
    await store.transaction(async (stores) => {
      const granter = await confirmGranter(stores, admin, new Date(clock.now()));
      await stores.users.insertMany(candidates.map(({ user }) => user));
      await stores.factors.insertTotp(candidates.flatMap(({ factor }) => factor ?? []));
      await stores.userRoles.addMany(
        candidates.flatMap(({ user, roles }) => roles.map((role) => ({ userId: user.id, role }))),
      );
      // Once more, since from now on these roles stay as they are.
      requireRank(granter, { roles, permissions: await stores.userRoles.permissionsOf(roles) });
      const entries = candidates.map(({ user, roles: given }) =>
        entryOf('user.imported', granter.caller, user.id, { roles: given }),
      );
      await stores.audit.appendMany(entries, new Date(clock.now()));
    });
  }

  return importUsers;
}

/** Refuses users whose address or username is taken, also by one earlier in the same import. */
function judgeIdentifiers(candidates: readonly Candidate[], taken: ReadonlySet<string>): Judged[] {
  const seen = new Set(taken);
  return candidates.map((candidate) => {
    const { email, username } = candidate.user;
    if (seen.has(email.canonical)) return toResult(candidate.index, new AppError('email_taken'));
    if (username && seen.has(username.canonical)) {
      return toResult(candidate.index, new AppError('username_taken'));
    }
    seen.add(email.canonical).add(username?.canonical ?? email.canonical);
    return candidate;
  });
}

function split(judged: readonly Judged[]) {
  return {
    candidates: judged.filter((one): one is Candidate => 'user' in one),
    results: judged.filter((one): one is ImportResult => !('user' in one)),
  };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function toCandidate(
  schema: ReturnType<typeof importedUser>,
  item: unknown,
  { index, now, seal }: ImportedAs,
): Judged {
  try {
    const read: z.output<typeof schema> = parse(schema, item, ({ created_at: createdAt = now }) =>
      createdAt <= now ? [] : [IN_THE_FUTURE],
    );
    const createdAt = read.created_at ?? now;
    const id = uuidv7({ msecs: now.getTime(), random: randomBytes(UUID_BYTES) });
    const user = {
      id,
      email: read.email,
      username: read.username ?? null,
      name: read.name ?? null,
      passwordHash: read.password_hash ?? null,
      emailVerifiedAt: read.email_verified ? createdAt : null,
      secondFactorSince: read.totp_secret ? createdAt : null,
      createdAt,
    };
    const factor = read.totp_secret ? importedFactor(id, read.totp_secret, createdAt, seal) : null;
    return { index, roles: read.roles, user, factor };
  } catch (error) {
    return toResult(index, asRefusal(error));
  }
}

/** An authenticator app that its user has set up elsewhere. A user has one, so it takes the id of its user. */
function importedFactor(userId: string, secret: string, createdAt: Date, seal: Seal): TotpFactor {
  return {
    id: userId,
    userId,
    name: null,
    secret: seal.seal(secret, userId),
    lastStep: null,
    confirmedAt: createdAt,
    createdAt,
    lastUsedAt: null,
  };
}

/** The refusal that `work` throws, or null. */
async function refusalOf(work: () => Promise<void>): Promise<AppError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return asRefusal(error);
  }
}

/** Refusals of the whole import. */
const OF_THE_WHOLE: readonly ErrorCode[] = ['database_unavailable', 'token_revoked'];

/** Rethrows errors that are not a refusal of one item, such as a lost database. */
function asRefusal(error: unknown): AppError {
  if (error instanceof AppError && !OF_THE_WHOLE.includes(error.code)) return error;
  throw error;
}

function toResult(index: number, { code, detail }: AppError): ImportResult {
  return { index, code, detail };
}
