import { pageErrors } from '../../http/page-errors.ts';
import { withSentBack } from '../../http/sent-back.ts';

/** Errors where a person is on the way: back to the app, or where there is none to lead back to, a page. */
export const SOCIAL_ERRORS = withSentBack(pageErrors('social'));
