import { REFUSALS, type VerificationCode, VerificationError } from './errors.ts';

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
 * The value of WWW-Authenticate (RFC 6750 section 3). A request without a token gets no error; `scope` is what it takes.
 * `realm` and `scope` are visible ASCII without quotation marks and backslashes.
 */
export function challenge(realm: string, code: VerificationCode, scope?: string): string {
  const { challenge: error, title } = REFUSALS[code];
  const parameters = [
    `realm="${realm}"`,
    ...(error === undefined ? [] : [`error="${error}"`, `error_description="${title}"`]),
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
  ];
  return `Bearer ${parameters.join(', ')}`;
}

function malformed(message: string): VerificationError {
  return new VerificationError('invalid_request', message);
}
