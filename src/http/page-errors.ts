import { STATUS_CODES } from 'node:http';
import { type AppError, ERRORS, type ErrorCode } from '../core/errors.ts';
import type { ErrorFormat } from './error-format.ts';
import { HTML_MEDIA_TYPE, PAGE_MEDIA_TYPE, type Page, pageHeaders, renderPage } from './page.ts';
import { problemHeaders, toAppError } from './problem.ts';

/** What a page says about an error: what has happened, and what to do next. */
type PageWords = Pick<Page, 'title' | 'paragraphs' | 'notes' | 'again'>;

/** The errors that a page has words of its own for; some depend on its detail. */
export type PageErrorWords = Readonly<
  Partial<Record<ErrorCode, PageWords | ((error: AppError) => PageWords)>>
>;

const TRY_AGAIN = 'Try again';

/** For people: the catalogue speaks to developers. What to do about a link depends on what it is for. */
const WORDS: PageErrorWords = {
  origin_not_allowed: {
    title: 'Please press the button here',
    paragraphs: ['Another page tried to press it for you. Nothing has happened.'],
    again: 'Show the page with the button',
  },
  cookie_not_settable: {
    title: 'Your browser cannot stay signed in here',
    paragraphs: [
      'This page was opened over a connection that is not secure, so the sign-in could not be kept. Nothing has happened.',
      'Open the link from the message once more. If that does not help, tell the people who run this service.',
    ],
  },
  rate_limited: {
    title: 'Too many attempts',
    paragraphs: ['Many requests came from your network in a short time. Wait a minute, then try again.'],
    again: TRY_AGAIN,
  },
  overloaded: {
    title: 'This service is very busy right now',
    paragraphs: ['Nothing has changed, and your link still works. Wait a moment, then try again.'],
    again: TRY_AGAIN,
  },
};

const BRIEF_TROUBLE: PageWords = {
  title: 'This does not work right now',
  paragraphs: ['The problem is on our side, and most likely brief. Wait a moment, then try again.'],
  again: TRY_AGAIN,
};

const ANY_OTHER: PageWords = {
  title: 'That did not work',
  paragraphs: ['Your browser sent something that this page does not understand. Nothing has changed.'],
  again: TRY_AGAIN,
};

/** Errors as pages, for routes that a person opens, with the words of the feature for what goes wrong with its links. */
export function pageErrors(own: PageErrorWords): ErrorFormat {
  return {
    present(thrown, _request) {
      const error = toAppError(thrown);
      const page = wordsOf(error, own);
      return {
        status: ERRORS[error.code].status,
        headers: { ...problemHeaders(error), ...pageHeaders(page) },
        mediaType: PAGE_MEDIA_TYPE,
        body: renderPage(page),
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

function wordsOf(error: AppError, own: PageErrorWords): PageWords {
  const { code } = error;
  const words = own[code] ?? WORDS[code] ?? (ERRORS[code].status >= 500 ? BRIEF_TROUBLE : ANY_OTHER);
  return typeof words === 'function' ? words(error) : words;
}

/** What can be wrong with any link, with what to do about it. */
export function linkErrors({ used, next }: { readonly used: PageWords; readonly next: string }) {
  return {
    invalid_link: {
      title: 'This link does not work',
      paragraphs: ['Part of it may be missing: check that you opened all of it.', next],
    },
    code_expired: { title: 'This link has expired', paragraphs: ['Links only work for a while.', next] },
    code_replaced: {
      title: 'There is a newer link',
      paragraphs: ['We have sent you another message since. Open the link in the latest one.'],
    },
    code_used: used,
  } as const satisfies PageErrorWords;
}
