/**
 * Why a request is refused. The codes are public API and those of the service; `title` is what a person reads first.
 * `challenge` is the error code of RFC 6750 section 3.1, or of RFC 9470.
 */
export const REFUSALS = {
  invalid_request: { status: 400, title: 'The request is malformed', challenge: 'invalid_request' },
  token_missing: { status: 401, title: 'This needs an access token', challenge: undefined },
  token_invalid: { status: 401, title: 'The access token is not valid', challenge: 'invalid_token' },
  token_expired: { status: 401, title: 'The access token has expired', challenge: 'invalid_token' },
  token_revoked: { status: 401, title: 'The access token has been revoked', challenge: 'invalid_token' },
  insufficient_user_authentication: {
    status: 401,
    title: 'The user has to authenticate again',
    challenge: 'insufficient_user_authentication',
  },
  insufficient_scope: {
    status: 403,
    title: 'The token does not allow this',
    challenge: 'insufficient_scope',
  },
  insufficient_role: {
    status: 403,
    title: 'The token is not of a user with this role',
    challenge: 'insufficient_scope',
  },
  keys_unavailable: {
    status: 503,
    title: 'The keys that tokens are verified with cannot be had at present',
    challenge: undefined,
  },
  revocations_stale: {
    status: 503,
    title: 'Revocations cannot be followed at present',
    challenge: undefined,
  },
} as const satisfies Record<string, Refusal>;

interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly challenge: string | undefined;
}

export type VerificationCode = keyof typeof REFUSALS;

/** What a challenge says of what is needed: `scope` (RFC 6750), `max_age` and `acr_values` (RFC 9470). */
export type ChallengeParameters = Readonly<Record<string, string>>;

/** A refusal. `message` may be shown to the sender of the token; `cause` is for the operator. */
export class VerificationError extends Error {
  readonly code: VerificationCode;
  /** The HTTP status that fits: 400, 401, 403 or 503. */
  readonly status: number;
  /** What `WWW-Authenticate` says of what is needed. */
  readonly parameters: ChallengeParameters;

  constructor(
    code: VerificationCode,
    message: string,
    {
      parameters = {},
      ...options
    }: { readonly cause?: unknown; readonly parameters?: ChallengeParameters } = {},
  ) {
    const { stackTraceLimit } = Error;
    // The stack of a refusal is of no use, and capturing it takes longer than refusing.
    Reflect.set(Error, 'stackTraceLimit', 0);
    super(message, options);
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
    this.name = 'VerificationError';
    this.code = code;
    this.status = REFUSALS[code].status;
    this.parameters = parameters;
  }
}

/** The token names a key that is not at hand. Where keys come from elsewhere, it may have been added there. */
export class UnknownKeyError extends VerificationError {
  constructor() {
    super('token_invalid', 'The access token is not valid. It was signed with a key that is not known here.');
  }
}

export function invalid(reason: string): VerificationError {
  return new VerificationError('token_invalid', `The access token is not valid. ${reason}`);
}

/** @throws VerificationError token_invalid for this reason unless the condition holds */
export function assertValid(condition: boolean, reason: string): asserts condition {
  if (!condition) throw invalid(reason);
}
