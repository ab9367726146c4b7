import type { Actor, Caller } from '../principal.ts';

/** The types of events in the audit log. The names are public API: operators filter by them. */
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
  'user.locked_down',
  'email.verified',
  'email.changed',
  'email.restored',
  'phone.changed',
  'phone.removed',
  'identity.linked',
  'identity.removed',
  'factor.added',
  'factor.removed',
  'factor.refused',
  'factors.reset',
  'recovery_codes.made',
  'recovery_code.used',
  'recovery_codes.few',
  'device.remembered',
  'device.forgotten',
  'passkey.added',
  'passkey.renamed',
  'passkey.removed',
  'passkey.refused',
  'code.sent',
  'code.refused',
  'login.succeeded',
  'login.challenged',
  'login.failed',
  'logout',
  'session.ended',
  'session.reauthenticated',
  'refresh.repeated',
  'refresh.reused',
  'password.changed',
  'password.refused',
  'password.reset',
  'reset_link.created',
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

/** An entry: the event, its actor and its subject. Never a secret, nor in clear an identifier without an account. */
export interface AuditEntry {
  readonly type: EventType;
  readonly outcome: 'success' | 'failure';
  readonly caller: Caller;
  /** The user, role, client or key that it was done to; null where there is none of that name. */
  readonly subjectId: string | null;
  readonly details: Details;
}

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

/** An entry about something that was done to `subjectId`. */
export function entryOf(
  type: EventType,
  caller: Caller,
  subjectId: string | null,
  details: Details = {},
  outcome: AuditEntry['outcome'] = 'success',
): AuditEntry {
  return { type, outcome, caller, subjectId, details };
}
