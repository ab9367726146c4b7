import type { ProvenClient } from '../../core/clients/client-tokens.ts';
import type { Core } from '../../core/core.ts';
import type { RequestOrigin } from '../../core/principal.ts';
import { canonicalId } from '../../core/values/fields.ts';
import { invalidClient, OAuthError } from './errors.ts';
import type { Form } from './form.ts';

/** The credentials of a client. */
export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^basic +([A-Za-z0-9+/_-]+=*) *$/i;

/**
 * The credentials of a request's client, by Basic or in the body and never by both (RFC 6749 section 2.3.1). Undefined
 * where there is only a name: that is a public client, which proves nothing. Null where its header cannot be read.
 * @throws OAuthError invalid_request
 */
export function readCredentials(headers: readonly string[], form: Form): Credentials | null | undefined {
  const [header] = headers;
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (headers.length > 1)
    throw new OAuthError('invalid_request', 'There is more than one Authorization header.');
  if (header === undefined) {
    if (secret === undefined) return undefined;
    if (id === undefined) throw new OAuthError('invalid_request', 'The parameter client_id is missing.');
    return { id, secret };
  }
  if (secret !== undefined) {
    throw new OAuthError('invalid_request', 'The client authenticates both by header and in the body.');
  }
  const credentials = readBasic(header);
  if (credentials !== null && id !== undefined && canonicalId(id) !== canonicalId(credentials.id)) {
    throw new OAuthError('invalid_request', 'The header and the body name different clients.');
  }
  return credentials;
}

/** RFC 7617 section 2, with both parts form-encoded as RFC 6749 section 2.3.1 defines it. */
function readBasic(header: string): Credentials | null {
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1) return null;
  try {
    return { id: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) };
  } catch {
    return null;
  }
}

function decodeForm(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** The part of a request that is known before its form is read. */
export interface ClientHeader {
  readonly origin: RequestOrigin;
  /** The Authorization headers. */
  readonly authorization: readonly string[];
  /** Counts a failed authentication where the request has not been counted; throws AppError rate_limited. */
  readonly countFailure: () => Promise<void>;
}

/** A request that may come from a client. */
export interface ClientRequest extends ClientHeader {
  readonly form: Form;
  /** The client that authenticated by header, before the form was read. */
  readonly proven: ProvenClient | undefined;
}

const NO_FORM: Form = new Map();

export type ClientAuthentication = ReturnType<typeof createClientAuthentication>;

/** Makes the authentication of clients. Failures are counted and recorded. */
export function createClientAuthentication(clients: Pick<Core['clientTokens'], 'identify' | 'noteRefusal'>) {
  /**
   * The client that a request comes from, or undefined for a public one.
   * @throws OAuthError invalid_request, invalid_client; AppError rate_limited
   */
  async function authenticate(request: ClientRequest): Promise<ProvenClient | undefined> {
    const credentials = readCredentials(request.authorization, request.form);
    return request.proven ?? identify(credentials, request);
  }

  /** The same by the header alone, so that no form is read for an impostor. */
  async function authenticateByHeader(request: ClientHeader): Promise<ProvenClient | undefined> {
    return identify(readCredentials(request.authorization, NO_FORM), request);
  }

  async function identify(
    credentials: Credentials | null | undefined,
    request: ClientHeader,
  ): Promise<ProvenClient | undefined> {
    if (credentials === undefined) return undefined;
    const identified = credentials
      ? await clients.identify(credentials.id, credentials.secret)
      : { claimedId: null };
    if ('client' in identified) return identified.client;
    await request.countFailure();
    clients.noteRefusal(identified.claimedId, request.origin);
    throw invalidClient();
  }

  return { authenticate, authenticateByHeader };
}
