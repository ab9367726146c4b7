import { AppError } from '../core/errors.ts';

/** What a provider answers where the person does not want to sign in. Apple has a word of its own. */
const DENIALS: readonly unknown[] = [
  'access_denied',
  'user_cancelled_authorize',
  'login_required',
  'consent_required',
];
/** What it answers where it cannot at present. */
const BRIEF_TROUBLES: readonly unknown[] = ['temporarily_unavailable', 'server_error'];

const TOO_MANY_REQUESTS = 429;
/** Of fetch: there was no answer, or it was cut. */
const CONNECTION_ERRORS: readonly string[] = ['fetch failed', 'terminated'];

/** What of an error of openid-client and of fetch tells errors apart. */
interface ProviderFailure {
  readonly name?: string;
  readonly code?: string;
  /** Of OAuth, in the words of the provider. */
  readonly error?: unknown;
  readonly status?: number;
  readonly cause?: { readonly code?: string; readonly status?: number } | undefined;
}

/**
 * What went wrong at a provider, in the codes of this service: the person declined, the provider is away, or it answered what
 * cannot be used. Its own words go into the log, as the cause.
 */
export function providerError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const { name, code, error, status, cause: inner } = Object(cause) as ProviderFailure;
  if (name === 'AuthorizationResponseError' && DENIALS.includes(error)) {
    return new AppError('access_denied', undefined, { cause });
  }
  const answered = status ?? inner?.status;
  const isAway =
    BRIEF_TROUBLES.includes(error) ||
    (answered !== undefined && (answered >= 500 || answered === TOO_MANY_REQUESTS)) ||
    (cause instanceof TypeError && CONNECTION_ERRORS.includes(cause.message)) ||
    name === 'TimeoutError' ||
    name === 'JWKSTimeout' ||
    code === 'OAUTH_TIMEOUT';
  return new AppError(isAway ? 'provider_unavailable' : 'provider_error', undefined, { cause });
}

/** Runs what talks to a provider. @throws AppError access_denied, provider_unavailable, provider_error */
export async function atProvider<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw providerError(error);
  }
}
