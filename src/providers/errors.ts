import { AppError } from '../core/errors.ts';
import { withoutControls } from '../core/values/text.ts';

/** What a provider answers where the person does not want to sign in. Apple has a word of its own. */
const DENIALS: readonly unknown[] = [
  'access_denied',
  'user_cancelled_authorize',
  'login_required',
  'consent_required',
];
/** What a provider answers where it cannot serve at present. */
const BRIEF_TROUBLES: readonly unknown[] = ['temporarily_unavailable', 'server_error'];

const TOO_MANY_REQUESTS = 429;
/** The messages of fetch where there was no answer, or it was cut off. */
const CONNECTION_ERRORS: readonly string[] = ['fetch failed', 'terminated'];
/** What a provider says about an error may fill a line of the log, not a page. */
const MAX_WORDS_LENGTH = 500;

/** The members by which errors of openid-client and of fetch are told apart. */
interface ProviderFailure {
  readonly name?: string;
  readonly code?: string;
  /** Of OAuth, in the words of the provider. */
  readonly error?: unknown;
  readonly error_description?: unknown;
  readonly status?: number;
  readonly cause?: { readonly code?: string; readonly status?: number } | undefined;
}

/**
 * What went wrong at a provider, in the codes of this service: the person declined, the provider is away, or it answered what
 * cannot be used. Its own words go into the log, as the cause, but for `secrets`, which some repeat.
 */
function providerError(cause: unknown, secrets: readonly (string | undefined)[]): AppError {
  if (cause instanceof AppError) return cause;
  const {
    name,
    code,
    error,
    error_description: description,
    status,
    cause: inner,
  } = Object(cause) as ProviderFailure;
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
  return new AppError(isAway ? 'provider_unavailable' : 'provider_error', undefined, {
    cause: wordsOf(error, description, secrets) ?? statusOf(inner) ?? cause,
  });
}

/** The provider's own words, which openid-client leaves out of its messages. */
function wordsOf(
  error: unknown,
  description: unknown,
  secrets: readonly (string | undefined)[],
): Error | undefined {
  if (typeof error !== 'string') return undefined;
  const words = typeof description === 'string' && description !== '' ? `${error}: ${description}` : error;
  const redacted = secrets.reduce<string>(
    (text, secret) => (secret ? text.replaceAll(secret, '…') : text),
    words,
  );
  return new Error(`the provider answers ${oneLine(redacted)}`);
}

/** Words of a provider, as they may stand in the log. */
export const oneLine = (words: string): string => withoutControls(words).slice(0, MAX_WORDS_LENGTH);

function statusOf(answer: unknown): Error | undefined {
  return answer instanceof Response
    ? new Error(`the provider answers with status ${answer.status}`)
    : undefined;
}

/**
 * Runs what talks to a provider.
 * @throws AppError access_denied, provider_unavailable, provider_error
 */
export async function atProvider<Result>(
  work: () => Promise<Result>,
  secrets: readonly (string | undefined)[] = [],
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw providerError(error, secrets);
  }
}
