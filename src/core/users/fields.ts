import { z } from 'zod';
import type { FieldErrorCode } from '../errors.ts';
import { MAX_PASSWORD_LENGTH } from '../passwords/policy.ts';
import { displayText, fieldIssue, nullIfEmpty, wellFormedText } from '../values/text.ts';
import {
  type Identifier,
  MAX_EMAIL_LENGTH,
  MAX_USERNAME_LENGTH,
  MIN_USERNAME_LENGTH,
  parseEmail,
  parseUsername,
  USERNAME_PATTERN,
} from './identifiers.ts';

const MAX_NAME_LENGTH = 200;
const MAX_LANGUAGE_LENGTH = 35;
/** Longer than any password may be, so that a login with a wrong one is a wrong password and not a bad request. */
const MAX_PASSWORD_INPUT_LENGTH = 1024;

export const Email = identifier(
  parseEmail,
  'invalid_email',
  'Must be an email address, such as grace@example.com.',
).meta({
  maxLength: MAX_EMAIL_LENGTH,
  example: 'grace@example.com',
});

export const Username = identifier(
  parseUsername,
  'invalid_username',
  `Must be ${MIN_USERNAME_LENGTH} to ${MAX_USERNAME_LENGTH} letters (a-z), digits or the signs _ . -`,
).meta({
  minLength: MIN_USERNAME_LENGTH,
  maxLength: MAX_USERNAME_LENGTH,
  pattern: USERNAME_PATTERN.source,
  example: 'grace',
});

/** A display name; an empty one means none. */
export const Name = displayText({ code: 'invalid_name', minLength: 0, maxLength: MAX_NAME_LENGTH })
  .transform(nullIfEmpty)
  .meta({
    example: 'Grace Hopper',
    description: 'Shown to people; empty for none',
    maxLength: MAX_NAME_LENGTH,
  });

/** A language tag (BCP 47) in its canonical form. */
export const Language = wellFormedText
  .refine(
    (tag) => isLanguage(tag),
    fieldIssue('invalid_language', 'Must be a language tag, such as en or pt-BR.'),
  )
  .transform((tag) => Intl.getCanonicalLocales(tag)[0] ?? tag)
  .meta({ description: 'The language of messages (BCP 47); null for that of the request', example: 'en' });

/** The name and the username where they are changed: null removes them. */
export const profileShape = {
  name: Name.nullable().optional(),
  username: Username.nullable().optional().meta({ description: 'Null for none', example: 'grace' }),
  language: Language.nullable().optional(),
};

/** The rules for a new password are those of the policy, which knows the configuration and the person. */
export const NewPassword = wellFormedText.meta({
  format: 'password',
  description: 'At least PASSWORD_MIN_LENGTH characters (8), none of the common ones; spaces and case count',
  maxLength: MAX_PASSWORD_LENGTH,
  example: 'correct horse battery staple',
});

/** A password that is compared. */
export const GivenPassword = wellFormedText
  .refine(
    (value) => value.length <= MAX_PASSWORD_INPUT_LENGTH,
    fieldIssue('password_too_long', `Must have at most ${MAX_PASSWORD_INPUT_LENGTH} characters.`),
  )
  .meta({ format: 'password', example: 'correct horse battery staple' });

function isLanguage(tag: string): boolean {
  try {
    return tag.length <= MAX_LANGUAGE_LENGTH && Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function identifier(read: (typed: string) => Identifier | null, code: FieldErrorCode, message: string) {
  return wellFormedText.transform((typed, context): Identifier => {
    const found = read(typed);
    if (found !== null) return found;
    context.addIssue({ code: 'custom', ...fieldIssue(code, message) });
    return z.NEVER;
  });
}
