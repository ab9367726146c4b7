import type { AccessTokenClaims } from '../tokens/verify.ts';
import type { Revocation } from './ports.ts';

/** What this process knows to be revoked. Looking a token up is two reads of a map, without a database. */
export interface RevocationSet {
  readonly add: (revocations: Iterable<Revocation>) => void;
  readonly isRevoked: (claims: Pick<AccessTokenClaims, 'sid' | 'sub' | 'iat'>) => boolean;
  /** Forgets what no living token can need. */
  readonly prune: (nowMilliseconds: number) => void;
  readonly size: () => number;
}

interface UserRevocation {
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
}

/** Whole seconds, since those are small integers that a map holds without an object. */
export function createRevocationSet(): RevocationSet {
  const sessions = new Map<string, number>();
  const users = new Map<string, UserRevocation>();

  function add(revocation: Revocation): void {
    const expiresAtSeconds = Math.ceil(revocation.expiresAt.getTime() / 1000);
    const { kind, subjectId, notBefore } = revocation;
    if (kind === 'session') {
      sessions.set(flat(subjectId), expiresAtSeconds);
      return;
    }
    const notBeforeSeconds = Math.ceil((notBefore?.getTime() ?? 0) / 1000);
    const known = users.get(subjectId);
    if (known === undefined || known.notBeforeSeconds < notBeforeSeconds) {
      users.delete(subjectId);
      users.set(subjectId, { notBeforeSeconds, expiresAtSeconds });
    }
  }

  return {
    add: (revocations) => {
      for (const revocation of revocations) add(revocation);
    },
    isRevoked: ({ sid, sub, iat }) => {
      if (sessions.has(sid)) return true;
      const user = users.get(sub);
      return user !== undefined && iat < user.notBeforeSeconds;
    },
    prune: (nowMilliseconds) => {
      const nowSeconds = nowMilliseconds / 1000;
      dropExpired(sessions, (expiresAtSeconds) => expiresAtSeconds < nowSeconds);
      dropExpired(users, ({ expiresAtSeconds }) => expiresAtSeconds < nowSeconds);
    },
    size: () => sessions.size + users.size,
  };
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
