import type { Caller } from '../principal.ts';

/** What the ledger records. The names are public API: operators filter by them. */
export const EVENT_TYPES = [
  'user.signed_up',
  'user.created',
  'user.imported',
  'user.updated',
  'user.deleted',
  'user.disabled',
  'user.enabled',
  'user.locked',
  'user.unlocked',
  'user.roles_changed',
  'user.password_change_forced',
  'login.succeeded',
  'login.failed',
  'logout',
  'session.ended',
  'refresh.repeated',
  'refresh.reused',
  'password.changed',
  'password.refused',
  'role.created',
  'role.updated',
  'role.deleted',
  'permission.created',
  'permission.updated',
  'permission.deleted',
  'client.created',
  'client.updated',
  'client.deleted',
  'client.secret_added',
  'client.secret_removed',
  'client.token_issued',
  'client.refused',
  'api_key.created',
  'api_key.deleted',
  'token.revoked',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

type Details = Readonly<Record<string, string | number | boolean | readonly string[] | null>>;

/** What somebody did to whom. Never a secret, and never an identifier that nobody has in clear. */
export interface LedgerEntry {
  readonly type: EventType;
  readonly outcome: 'success' | 'failure';
  readonly caller: Caller;
  /** The user, role, client or key that it was done to; null where there is none of that name. */
  readonly subjectId: string | null;
  readonly details: Details;
}

/** Append-only: an entry is written in the transaction of the change that it records, and never changed. */
export interface Ledger {
  readonly append: (entry: LedgerEntry, at: Date) => Promise<void>;
  /** The same of many, all or none. */
  readonly appendMany: (entries: readonly LedgerEntry[], at: Date) => Promise<void>;
}

/** An entry about something that was done to `subjectId`. */
export function entryOf(
  type: EventType,
  caller: Caller,
  subjectId: string | null,
  details: Details = {},
  outcome: LedgerEntry['outcome'] = 'success',
): LedgerEntry {
  return { type, outcome, caller, subjectId, details };
}
