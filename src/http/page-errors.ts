import { STATUS_CODES } from 'node:http';
import { type AppError, ERRORS } from '../core/errors.ts';
import type { Page } from '../core/pages.ts';
import type { ErrorFormat } from './error-format.ts';
import { HTML_MEDIA_TYPE } from './page.ts';
import { problemHeaders, toAppError } from './problem.ts';

/**
 * Errors as pages, for routes that a person opens. The words for an error are looked for under these names, then under
 * its code alone: what to do about a link depends on what it is for.
 */
export function pageErrors(...names: readonly string[]): ErrorFormat {
  return {
    present(thrown, _request) {
      const error = toAppError(thrown);
      return {
        status: ERRORS[error.code].status,
        headers: problemHeaders(error),
        mediaType: HTML_MEDIA_TYPE,
        body: '',
        page: errorPage(error, names),
        code: error.code,
        quota: error.quota,
        error,
      };
    },
    describe(codes) {
      const pages: Record<string, ReturnType<typeof describePage>> = {};
      for (const status of new Set(codes.map((code) => ERRORS[code].status))) {
        const named = codes.filter((code) => ERRORS[code].status === status).map((code) => `\`${code}\``);
        pages[status] = describePage(`${STATUS_CODES[status]}: ${named.join(', ')}`);
      }
      return pages;
    },
  };
}

function describePage(description: string) {
  return { description, content: { [HTML_MEDIA_TYPE]: { schema: { type: 'string' as const } } } };
}

/** What a person reads of an error: what has happened, and what to do next. */
export function errorPage({ code, detail, fields = [] }: AppError, names: readonly string[]): Page {
  const described = fields.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`).join(' ');
  const [own = ''] = names;
  return {
    words: [
      ...names.map((name) => `errors.${name}.${code}`),
      `errors.${code}`,
      ERRORS[code].status >= 500 ? 'errors.unavailable' : 'errors.any',
    ],
    values: { detail: described || detail },
    texts: { next: `errors.${own}.next` },
    data: { leadsToStart: true },
  };
}
