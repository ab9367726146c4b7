import { z } from 'zod';
import type { ErrorCode } from '../core/errors.ts';
import { pageForm } from './body.ts';
import { type PageErrorWords, pageErrors } from './page-errors.ts';
import { withSentBack } from './sent-back.ts';

/** The answer with a page. */
export const PAGE_ANSWER = { description: 'A page', mediaType: 'text/html', schema: z.string() } as const;

/** The form of a page that has a button and no fields. */
export const BUTTON_FORM = pageForm(z.object({}));

/** What the routes of a link share: that which shows its page, and that which the button of the page calls. */
export function linkPage(words: PageErrorWords, unknown: ErrorCode) {
  return {
    limit: 'login-ip',
    params: { schema: z.object({ token: z.string() }), unknown },
    answers: { 200: PAGE_ANSWER },
    errors: withSentBack(pageErrors(words)),
  } as const;
}
