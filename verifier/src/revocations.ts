import type { AccessTokenClaims } from './claims.ts';
import { VerificationError } from './errors.ts';

/**
 * Revokes a session; an API key; everything a user got before some time; or tokens that hold older rights
 * than a user or a role has had since.
 */
export interface Revocation {
  readonly kind: 'session' | 'user' | 'rights' | 'role' | 'key';
  /** The id of the session (or the `jti` of a token that has none), of the user, client or key, or the name of the role. */
  readonly subjectId: string;
  /** For users: tokens issued before this are revoked. For rights and roles: tokens with an earlier version are. */
  readonly notBefore: Date | null;
  /** From then on no token can be alive that this concerns. */
  readonly expiresAt: Date;
}

/** The claims that decide whether a token is revoked. */
export type RevocableClaims = Pick<AccessTokenClaims, 'sub' | 'iat'> &
  Partial<Pick<AccessTokenClaims, 'sid' | 'jti' | 'roles' | 'from_roles' | 'rv' | 'api_key_id'>>;

/** The revocations that this process knows. Looking a token up is two reads of a map, without a database. */
export interface RevocationSet {
  readonly add: (revocations: Iterable<Revocation>) => void;
  readonly isRevoked: (claims: RevocableClaims) => boolean;
  /**
   * Whether it is revoked only because its rights are outdated: its session lives on and a refresh gets the current
   * ones.
   */
  readonly isOutdated: (claims: RevocableClaims) => boolean;
  /** Forgets what no living token can need. */
  readonly prune: (nowMilliseconds: number) => void;
  readonly size: () => number;
}

interface Threshold {
  readonly notBefore: number;
  readonly expiresAtSeconds: number;
}

type Thresholds = Map<string, Threshold>;

/** Whole seconds, since those are small integers that a map holds without an object. */
export function createRevocationSet(): RevocationSet {
  const sessions = new Map<string, number>();
  const keys = new Map<string, number>();
  const users: Thresholds = new Map();
  const rights: Thresholds = new Map();
  const roles: Thresholds = new Map();

  function add({ kind, subjectId, notBefore, expiresAt }: Revocation): void {
    const expiresAtSeconds = Math.ceil(expiresAt.getTime() / 1000);
    const milliseconds = notBefore?.getTime() ?? 0;
    if (kind === 'session') sessions.set(flat(subjectId), expiresAtSeconds);
    else if (kind === 'key') keys.set(flat(subjectId), expiresAtSeconds);
    else if (kind === 'user') raise(users, subjectId, Math.ceil(milliseconds / 1000), expiresAtSeconds);
    else raise(kind === 'rights' ? rights : roles, subjectId, milliseconds, expiresAtSeconds);
  }

  function hasEnded({ jti = '', sid = jti, api_key_id, sub, iat }: RevocableClaims): boolean {
    return (
      sessions.has(sid) || (api_key_id !== undefined && keys.has(api_key_id)) || isBelow(users, sub, iat)
    );
  }

  function holdsOldRights({
    sub,
    roles: own = [],
    from_roles: names = own,
    rv = [],
  }: RevocableClaims): boolean {
    const [userVersion, ...roleVersions] = rv;
    return (
      isBelow(rights, sub, userVersion) ||
      (roles.size > 0 && names.some((name, index) => isBelow(roles, name, roleVersions[index])))
    );
  }

  return {
    add: (revocations) => {
      for (const revocation of revocations) add(revocation);
    },
    isRevoked: (claims) => hasEnded(claims) || holdsOldRights(claims),
    isOutdated: (claims) => !hasEnded(claims) && holdsOldRights(claims),
    prune: (nowMilliseconds) => {
      const nowSeconds = nowMilliseconds / 1000;
      for (const ids of [sessions, keys]) {
        dropExpired(ids, (expiresAtSeconds) => expiresAtSeconds < nowSeconds);
      }
      for (const thresholds of [users, rights, roles]) {
        dropExpired(thresholds, ({ expiresAtSeconds }) => expiresAtSeconds < nowSeconds);
      }
    },
    size: () => sessions.size + keys.size + users.size + rights.size + roles.size,
  };
}

const HAS_ENDED = 'Its session has ended, or its account was deleted or disabled.';
const RIGHTS_HAVE_CHANGED =
  'What it may do has changed since it was issued. Get another one: the session goes on, so a refresh will do.';

/** @throws VerificationError token_revoked, which says whether a refresh will do */
export function assertUnrevoked(revocations: RevocationSet, claims: RevocableClaims): void {
  if (!revocations.isRevoked(claims)) return;
  const reason = revocations.isOutdated(claims) ? RIGHTS_HAVE_CHANGED : HAS_ENDED;
  throw new VerificationError('token_revoked', reason);
}

/** A threshold never falls, in whatever order revocations are read. */
function raise(thresholds: Thresholds, subject: string, notBefore: number, expiresAtSeconds: number): void {
  const known = thresholds.get(subject);
  if (known !== undefined && known.notBefore >= notBefore) return;
  thresholds.delete(subject);
  thresholds.set(flat(subject), { notBefore, expiresAtSeconds });
}

/** A token that has no version is older than any. */
function isBelow(thresholds: Thresholds, subject: string, value = 0): boolean {
  const threshold = thresholds.get(subject);
  return threshold !== undefined && value < threshold.notBefore;
}

/** Maps keep the order of insertion, and what came first expires first: the walk ends at the first that is alive. */
function dropExpired<Value>(entries: Map<string, Value>, isExpired: (value: Value) => boolean): void {
  for (const [key, value] of entries) {
    if (!isExpired(value)) return;
    entries.delete(key);
  }
}

/** A copy that holds on to nothing: a text that was cut out of a larger one keeps the whole in memory. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
