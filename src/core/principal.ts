import type { AccessTokenClaims } from '@latchkey/verifier/core';

/** Where a request comes from, as far as it is known. */
export interface RequestOrigin {
  readonly userAgent: string | null;
  readonly ip: string | null;
  /** The network that the request counts for: an IPv4 address, or an IPv6 /64. */
  readonly network: string;
  /** The languages of the client in the order of preference, as in Accept-Language. */
  readonly language?: string | null;
  readonly requestId: string | null;
  /** The X-Request-Id that the client sent, which proves nothing. */
  readonly clientRequestId: string | null;
}

/** How and when a user authenticated. */
export interface Authentication {
  /** Method names of RFC 8176, such as `pwd`. */
  readonly methods: readonly string[];
  readonly at: Date;
}

/** By how many factors a user has authenticated: the claim `acr`. */
export type AuthenticationLevel = '1' | '2';

/** The level of method names of RFC 8176, among which `mfa` stands for two factors. */
export function acrOf(methods: readonly string[]): AuthenticationLevel {
  return methods.includes('mfa') ? '2' : '1';
}

/** What the claims `amr` and `auth_time` say; null for a token from before such claims. */
export function authenticationIn({
  amr,
  auth_time,
}: {
  readonly amr?: readonly string[] | undefined;
  readonly auth_time?: number | undefined;
}): Authentication | null {
  if (amr === undefined || auth_time === undefined) return null;
  return { methods: amr, at: new Date(auth_time * 1000) };
}

/** What a credential allows. */
export interface Holding {
  readonly roles: readonly string[];
  /** In order, each once. */
  readonly permissions: readonly string[];
}

/** What a service behind a gateway is told of a credential: the claims of a token, or their equivalent. */
interface Described {
  readonly claims: AccessTokenClaims;
}

/** A user in a session, by an access token or a cookie. */
export interface UserPrincipal extends Holding, Described {
  readonly kind: 'user';
  readonly credential: 'bearer' | 'cookie';
  readonly userId: string;
  readonly sessionId: string | null;
  /** Whether the session is good for nothing but to set a second factor up, which the operator requires. */
  readonly isEnrolling: boolean;
  /** Null for a token from before such claims. */
  readonly authentication: Authentication | null;
}

/** A user, by an API key: there is no session. */
export interface ApiKeyPrincipal extends Holding, Described {
  readonly kind: 'api_key';
  readonly credential: 'api_key';
  readonly userId: string;
  readonly keyId: string;
}

/** A machine client, by an access token. */
export interface ClientPrincipal extends Holding, Described {
  readonly kind: 'client';
  readonly credential: 'bearer';
  readonly clientId: string;
}

/** An operator at the command line, who can write to the database anyway. */
export interface OperatorPrincipal {
  readonly kind: 'operator';
}

/** A caller that proved its identity with a credential. */
export type AuthenticatedPrincipal = UserPrincipal | ApiKeyPrincipal | ClientPrincipal;

export type Principal = AuthenticatedPrincipal | OperatorPrincipal;

/** Whom the audit log names for an event. */
export interface Actor {
  readonly type: Principal['kind'] | 'anonymous';
  readonly id: string | null;
}

/** The caller of an operation, and where the call comes from. */
export interface Caller {
  readonly actor: Actor;
  readonly origin: RequestOrigin;
  /** The session that the request came with. */
  readonly sessionId: string | null;
}

/** A caller who has shown a credential, or is at the command line. */
export interface PrincipalCaller<Who extends Principal = Principal> extends Caller {
  readonly principal: Who;
}

export const ANONYMOUS: Actor = { type: 'anonymous', id: null };

export const OPERATOR: PrincipalCaller<OperatorPrincipal> = {
  principal: { kind: 'operator' },
  actor: { type: 'operator', id: null },
  origin: { userAgent: null, ip: null, network: 'command line', requestId: null, clientRequestId: null },
  sessionId: null,
};

/** The caller of a request that came with a credential. */
export function callerOf<Who extends AuthenticatedPrincipal>(
  principal: Who,
  origin: RequestOrigin,
): PrincipalCaller<Who> {
  return {
    principal,
    actor: actorOf(principal),
    origin,
    sessionId: principal.kind === 'user' ? principal.sessionId : null,
  };
}

/** A user without the credential that would say so: one who is signing in, or shows a refresh token. */
export function userCaller(userId: string, origin: RequestOrigin, sessionId: string | null = null): Caller {
  return { actor: { type: 'user', id: userId }, origin, sessionId };
}

/** A caller of whom nothing is known but where they are. */
export function anonymousCaller(origin: RequestOrigin): Caller {
  return { actor: ANONYMOUS, origin, sessionId: null };
}

function actorOf(principal: AuthenticatedPrincipal): Actor {
  switch (principal.kind) {
    case 'user':
      return { type: 'user', id: principal.userId };
    case 'api_key':
      return { type: 'api_key', id: principal.keyId };
    case 'client':
      return { type: 'client', id: principal.clientId };
  }
}
