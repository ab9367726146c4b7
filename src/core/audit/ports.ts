import type { EventType, Ledger } from './audit.ts';
import type { Actor } from '../principal.ts';

/** An entry as it is kept. */
export interface AuditEvent {
  /** UUIDv7, so that the order of ids is that of time. */
  readonly id: string;
  readonly type: EventType;
  readonly outcome: 'success' | 'failure';
  readonly actor: Actor;
  readonly subjectId: string | null;
  readonly sessionId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly clientRequestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

export interface AuditFilter {
  readonly subjectId?: string | undefined;
  readonly actorId?: string | undefined;
  readonly type?: EventType | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface LedgerStore extends Ledger {
  /** The latest first, those before the id `before` if that is given. */
  readonly list: (filter: AuditFilter, limit: number, before: string | undefined) => Promise<AuditEvent[]>;
  /** The same of entries about this user, and of entries by this user and by the user's API keys. */
  readonly listAbout: (userId: string, limit: number, before: string | undefined) => Promise<AuditEvent[]>;
  /** Removes entries from before `before`. */
  readonly prune: (before: Date) => Promise<void>;
}

/** Who owns which API key. */
export interface KeyOwners {
  /** Those of `ids` that are keys of this user. */
  readonly ownedAmong: (userId: string, ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

export interface AuditStores {
  readonly ledger: LedgerStore;
  readonly apiKeys: KeyOwners;
}
