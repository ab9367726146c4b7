import type { AppError, FieldError } from '../../core/errors.ts';
import { type PageErrorWords, pageErrors } from '../../http/page-errors.ts';
import { withSentBack } from '../../http/sent-back.ts';

const GO_BACK = 'Go back to the app or site that you came from, and sign in from there.';

/** What a person reads where there is no app to lead back to. */
export const SOCIAL_PAGE_ERRORS: PageErrorWords = {
  invalid_state: {
    title: 'This sign-in cannot go on here',
    paragraphs: [
      'It took longer than ten minutes, was already finished, or began in another browser or at another address of this service. Nothing has changed.',
      GO_BACK,
    ],
  },
  provider_not_found: {
    title: 'This way to sign in is not offered here',
    paragraphs: [GO_BACK],
  },
  validation_failed: ({ detail, fields = [] }: AppError) => ({
    title: 'The link to this page is wrong',
    paragraphs: ['The app or site that sent you here has to put it right. Nothing has happened.'],
    notes: [`For its developers: ${fields.map(describeField).join(' ') || detail}`],
  }),
  cookie_not_settable: ({ detail }: AppError) => ({
    title: 'Your browser cannot sign in here',
    paragraphs: ['It would not keep the cookie that this takes. Nothing has happened.', GO_BACK],
    notes: [`For the people who run this service: ${detail}`],
  }),
};

function describeField({ pointer, detail }: FieldError): string {
  return `${pointer.slice(1)}: ${detail}`;
}

/** Errors where a person is on the way: back to the app, or where there is none to lead back to, a page. */
export const SOCIAL_ERRORS = withSentBack(pageErrors(SOCIAL_PAGE_ERRORS));
