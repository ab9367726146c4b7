import { AppError, ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { LINK_PAGE_ERRORS } from '../../src/features/codes/link-pages.ts';
import { UNDO_ERRORS, VERIFY_ERRORS } from '../../src/features/email/pages.ts';
import { LOCKDOWN_ERRORS } from '../../src/features/lockdown/pages.ts';
import { RESET_ERRORS } from '../../src/features/password-reset/pages.ts';
import { SOCIAL_PAGE_ERRORS } from '../../src/features/social/pages.ts';
import { pageErrors } from '../../src/http/page-errors.ts';

const WORDS = {
  LINK_PAGE_ERRORS,
  VERIFY_ERRORS,
  UNDO_ERRORS,
  LOCKDOWN_ERRORS,
  RESET_ERRORS,
  SOCIAL_PAGE_ERRORS,
};

/** What each page would say to each error that there is, by a name. Where one quotes the detail, it says to whom. */
export const PAGES_OF_ERRORS: readonly (readonly [name: string, text: string])[] = Object.entries(
  WORDS,
).flatMap(([name, words]) =>
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const error = new AppError(code, 'What is wrong stands here.');
    const { body } = pageErrors(words).present(error, { publicUrl: '', id: '' });
    const [, main = ''] = /<main>(.*)<\/main>/s.exec(String(body)) ?? [];
    return [`${name} ${code}`, main.replace(/<[^>]+>/g, ' ')] as const;
  }),
);
