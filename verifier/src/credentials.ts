import { type ChallengeParameters, REFUSALS, type VerificationCode, VerificationError } from './errors.ts';

/** The part of a request that is read: that of node:http and of the frameworks on top of it. */
export interface RequestHeaders {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
}

/** RFC 6750 section 2.1: b64token. */
const BEARER_CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The token in the Authorization header, or undefined without one; another scheme counts as none. The query string and
 * the body are never looked at.
 * @throws VerificationError invalid_request where there are two headers or a malformed one
 */
export function readBearerToken({ headers, headersDistinct }: RequestHeaders): string | undefined {
  if (headers.authorization === undefined) return undefined;
  const sent = headersDistinct?.authorization ?? [headers.authorization].flat();
  if (sent.length > 1) throw malformed('The request has more than one Authorization header.');
  const credentials = sent[0] ?? '';
  if (credentials.split(' ', 1)[0]?.toLowerCase() !== 'bearer') return undefined;
  const token = BEARER_CREDENTIALS.exec(credentials)?.[1];
  if (token === undefined) throw malformed('The Authorization header must be: Bearer ACCESS_TOKEN.');
  return token;
}

/**
 * The value of WWW-Authenticate (RFC 6750 section 3, RFC 9470 section 3). A request without a token gets no error;
 * `parameters` say what it takes. They and `realm` are visible ASCII without quotation marks and backslashes.
 */
export function challenge(
  realm: string,
  code: VerificationCode,
  parameters: ChallengeParameters = {},
): string {
  const { challenge: error, title } = REFUSALS[code];
  const all = { realm, ...(error !== undefined && { error, error_description: title }), ...parameters };
  return `Bearer ${Object.entries(all)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`;
}

/**
 * The value of WWW-Authenticate for a refusal, for an answer that `bearer` does not make; undefined for a status other than
 * 400, 401 and 403. `realm` is visible ASCII without quotation marks and backslashes.
 */
export function challengeOf(
  { code, status, parameters }: VerificationError,
  realm = 'latchkey',
): string | undefined {
  return status === 503 ? undefined : challenge(realm, code, parameters);
}

function malformed(message: string): VerificationError {
  return new VerificationError('invalid_request', message);
}
