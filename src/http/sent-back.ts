import { AppError, ERRORS } from '../core/errors.ts';
import { withParameter } from '../core/sign-in/return-to.ts';
import type { ErrorFormat } from './error-format.ts';

/** An error that the browser takes back to the app, which tells it in words of its own. */
class SentBack extends AppError {
  readonly returnTo: string;

  constructor({ code, detail, cause, event, members }: AppError, returnTo: string) {
    super(code, detail, { cause, members, ...(event && { event }) });
    this.returnTo = returnTo;
  }
}

/** The error as one that leads back to the app. A bug stays as it is, and becomes a page. */
export function sentBack(error: unknown, returnTo: string): unknown {
  return error instanceof AppError ? new SentBack(error, returnTo) : error;
}

/**
 * The same errors, but for those that lead back to the app: with the code, its title (RFC 6749 section 4.1.2.1) and what
 * the problem document would have besides, such as the challenge for a second factor.
 */
export function withSentBack(format: ErrorFormat): ErrorFormat {
  return {
    ...format,
    present(thrown, request) {
      const presented = format.present(thrown, request);
      if (!(thrown instanceof SentBack)) return presented;
      const headers = { 'Cache-Control': 'no-store', Location: urlWith(thrown) };
      return { ...presented, status: 303, headers, body: '', page: undefined };
    },
  };
}

function urlWith({ code, members = {}, returnTo }: SentBack): string {
  const parameters = { error: code, error_description: ERRORS[code].title, ...members };
  return Object.entries(parameters).reduce(
    (url, [name, value]) => withParameter(url, name, textOf(value)),
    returnTo,
  );
}

/** Lists as OAuth writes them in one parameter (RFC 6749 section 3.3). */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value);
}
