import type { Authentication } from '../principal.ts';

/** One login on one device. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly method: SignInMethod;
  /** Null where the session is from before this was recorded. */
  readonly authentication: Authentication | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  /** The SHA-256 of the id in its cookie; null where its user has tokens. */
  readonly cookieKey: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** Slides with every refresh, never past `absoluteExpiresAt`. */
  readonly idleExpiresAt: Date;
  readonly absoluteExpiresAt: Date;
  /** The counter of the latest refresh token; those before it are accepted for a while. */
  readonly refreshCounter: number;
  readonly rotatedAt: Date | null;
  /** The rotations before that, the latest first, as long as tokens may still be within the grace of each. */
  readonly earlierRotations: readonly Date[];
  /** When an access token of the latest refresh was first used here, which shows that its answer had arrived. */
  readonly confirmedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A session as it was read. */
export interface StoredSession extends Session {
  /** When that was, in seconds of the database's own clock. */
  readonly readAtSeconds: number;
}

/** Names one refresh of a session. */
export type Refreshed = Pick<Session, 'id' | 'refreshCounter'>;

/** What a client holds of its session: an access token and a refresh token, or a cookie. */
export const TRANSPORTS = ['token', 'cookie'] as const;

export type Transport = (typeof TRANSPORTS)[number];

/** How a user signed in, as shown to them. */
export type SignInMethod = 'password' | 'email_code' | 'phone_code' | 'email_link' | 'social' | 'passkey';

export type NewSession = Omit<Session, 'rotatedAt' | 'earlierRotations' | 'confirmedAt' | 'revokedAt'>;

/** What a rotation writes. */
export type Rotation = Pick<Session, 'idleExpiresAt' | 'earlierRotations'> & { readonly at: Date };

export type RevocationReason =
  | 'logout'
  | 'ended_by_user'
  | 'password_changed'
  | 'refresh_token_reused'
  | 'ended_by_admin'
  | 'user_disabled'
  | 'too_many_sessions'
  | 'signed_in_again'
  | 'locked_down';

/** Which of a user's sessions: all, one, or all but one. */
export interface SessionFilter {
  readonly userId: string;
  readonly id?: string;
  readonly exceptId?: string;
}
