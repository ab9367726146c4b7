import type { RequestOrigin } from '../../core/principal.ts';

/** A machine that has proved who it is. */
export interface Machine {
  readonly id: string;
  readonly secretId: string;
  readonly permissions: readonly string[];
}

export interface MachineGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly permissions: readonly string[];
}

/** The machine clients, as these endpoints need them. */
export interface Machines {
  /** Who it is; where that was not proved, whom it claimed to be, if there is such a client. */
  readonly identify: (
    id: string,
    secret: string,
  ) => Promise<{ readonly client: Machine } | { readonly claimedId: string | null }>;
  /** Notes that somebody failed to prove to be a client. */
  readonly noteRefusal: (claimedId: string | null, origin: RequestOrigin) => void;
  /** Null where the machine is gone or expired since it was identified. */
  readonly issue: (
    machine: Machine,
    wanted: readonly string[],
    origin: RequestOrigin,
  ) => Promise<MachineGrant | null>;
  /** Revokes one access token of the machine. */
  readonly revoke: (id: string, jti: string, origin: RequestOrigin) => Promise<void>;
}

/** What introspection tells of a token that is good (RFC 7662 section 2.2). Nothing personal. */
export interface ActiveToken {
  readonly sub: string;
  readonly token_type: string;
  /** Permissions separated by spaces. */
  readonly scope?: string;
  readonly client_id?: string;
  readonly sid?: string;
  readonly roles?: readonly string[];
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly jti?: string;
  /** Seconds since 1970. */
  readonly iat?: number;
  readonly exp?: number;
}

/**
 * Tells of one kind of token. Null for every token that is not good, or of another kind: the others are asked then.
 * It throws where it cannot know, so that nobody takes a good token for a bad one.
 */
export type Introspector = (token: string) => Promise<ActiveToken | null>;
