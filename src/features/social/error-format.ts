import { AppError, ERRORS } from '../../core/errors.ts';
import { withParameter } from '../../core/sign-in/return-to.ts';
import type { ErrorFormat } from '../../http/error-format.ts';
import { pageErrors } from '../../http/page-errors.ts';
import { SOCIAL_PAGE_ERRORS } from './pages.ts';

/** An error that the browser takes back to the app, which tells it in words of its own. */
class SentBack extends AppError {
  readonly returnTo: string;

  constructor({ code, detail, cause, event }: AppError, returnTo: string) {
    super(code, detail, { cause, ...(event && { event }) });
    this.returnTo = returnTo;
  }
}

/** The error as one that leads back to the app. A bug stays as it is, and becomes a page. */
export function sentBack(error: unknown, returnTo: string): unknown {
  return error instanceof AppError ? new SentBack(error, returnTo) : error;
}

const PAGES = pageErrors(SOCIAL_PAGE_ERRORS);

/** Errors where a person is on the way: back to the app with the code and its title (RFC 6749 section 4.1.2.1), else a page. */
export const SOCIAL_ERRORS: ErrorFormat = {
  ...PAGES,
  present(thrown, request) {
    const presented = PAGES.present(thrown, request);
    if (!(thrown instanceof SentBack)) return presented;
    const { code, returnTo } = thrown;
    const withError = withParameter(returnTo, 'error', code);
    const Location = withParameter(withError, 'error_description', ERRORS[code].title);
    return { ...presented, status: 303, headers: { 'Cache-Control': 'no-store', Location }, body: '' };
  },
};
