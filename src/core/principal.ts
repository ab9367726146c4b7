/** Where a request comes from, as far as it tells. */
export interface RequestOrigin {
  readonly userAgent: string | null;
  readonly ip: string | null;
  /** Whom to count the request for. */
  readonly network: string;
  readonly requestId: string | null;
  /** What the caller calls the request, which proves nothing. */
  readonly clientRequestId: string | null;
}

/** Who does something. */
export interface Actor {
  readonly type: 'user' | 'client' | 'api_key' | 'operator' | 'anonymous';
  readonly id: string | null;
}

export interface Caller {
  readonly actor: Actor;
  readonly origin: RequestOrigin;
  /** The session that the request came with. */
  readonly sessionId: string | null;
}

export const ANONYMOUS: Actor = { type: 'anonymous', id: null };

/** Somebody at the command line. */
export const OPERATOR: Caller = {
  actor: { type: 'operator', id: null },
  origin: { userAgent: null, ip: null, network: 'command line', requestId: null, clientRequestId: null },
  sessionId: null,
};
