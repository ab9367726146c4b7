import { fieldIssue, wellFormedText } from '../values/text.ts';

const MAX_URL_LENGTH = 2_000;

/** The page of an app to lead back to. `requireReturnUrl` says whether that is allowed. */
export const ReturnTo = wellFormedText
  .refine(
    ({ length }) => length <= MAX_URL_LENGTH,
    fieldIssue('too_long', `Must have at most ${MAX_URL_LENGTH} characters.`),
  )
  .meta({
    description: 'The page to lead back to: one of RETURN_URLS',
    example: 'https://app.example.com/signed-in',
  });
