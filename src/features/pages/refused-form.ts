import { AppError } from '../../core/errors.ts';
import type { Page } from '../../core/pages.ts';
import { pageErrors } from '../../http/page-errors.ts';

/** The error of a form, with the page that says what is wrong. */
export class RefusedForm extends AppError {
  readonly page: Page;

  constructor(error: AppError, page: Page) {
    const { code, detail, cause, fields, quota, event, headers, members } = error;
    super(code, detail, { cause, fields: fields ?? [], quota, headers, members, ...(event && { event }) });
    this.page = page;
  }
}

const ERROR_PAGES = pageErrors('page');

/** Errors as pages. The error of a form shows the form again. */
export const PAGE_ERRORS: typeof ERROR_PAGES = {
  ...ERROR_PAGES,
  present(thrown, request) {
    const presented = ERROR_PAGES.present(thrown, request);
    return thrown instanceof RefusedForm ? { ...presented, page: thrown.page } : presented;
  },
};
