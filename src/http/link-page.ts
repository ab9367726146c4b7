import { z } from 'zod';
import type { ErrorCode } from '../core/errors.ts';
import { pageForm } from './body.ts';
import { pageErrors } from './page-errors.ts';
import { withSentBack } from './sent-back.ts';

/** The answer with a page. */
export const PAGE_ANSWER = { description: 'A page', mediaType: 'text/html', schema: z.string() } as const;

/** The form of a page that has a button and no fields. */
export const BUTTON_FORM = pageForm(z.object({}));

/**
 * What the two routes of a link share: one shows its page, and the button of the page calls the other. `words` names the
 * words for its errors.
 */
export function linkPage(words: string, unknown: ErrorCode) {
  return {
    isPage: true,
    limit: 'login-ip',
    params: { schema: z.object({ token: z.string() }), unknown },
    answers: { 200: PAGE_ANSWER },
    errors: withSentBack(pageErrors(words, 'link')),
  } as const;
}
