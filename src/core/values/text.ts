import { z } from 'zod';
import type { FieldErrorCode } from '../errors.ts';

/** Control characters, line ends, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** The same text without them. */
export function withoutControls(text: string): string {
  return text.replaceAll(new RegExp(UNPRINTABLE, 'gu'), '');
}

/** The second argument of a zod refinement: what to say, and the stable code to say it with. */
export function fieldIssue(code: FieldErrorCode, message: string) {
  return { message, params: { code } };
}

/** The code that `fieldIssue` gave to a refinement. */
export function fieldCodeOf(issue: z.core.$ZodIssueCustom): FieldErrorCode {
  return (issue.params?.code as FieldErrorCode | undefined) ?? 'invalid';
}

/** Text that survives every encoding: no half of a surrogate pair, which UTF-8 cannot carry. */
export const wellFormedText = z.string().refine((value) => value.isWellFormed(), {
  abort: true,
  ...fieldIssue('malformed_text', 'Contains half of a character (a lone surrogate).'),
});

export interface DisplayTextLimits {
  readonly code: FieldErrorCode;
  /** In characters as Unicode counts them, once the text is trimmed. */
  readonly minLength: 0 | 1;
  readonly maxLength: number;
}

/** Text that is shown to people: trimmed, in NFC, and nothing in it that would disturb the text around it. */
export function displayText({ code, minLength, maxLength }: DisplayTextLimits) {
  const size = minLength === 0 ? `at most ${maxLength}` : `${minLength} to ${maxLength}`;
  return (
    wellFormedText
      // Text that is far too long is not normalized first: that takes time.
      .refine(
        (value) => value.length <= 4 * maxLength && !UNPRINTABLE.test(value),
        fieldIssue(code, `Must have ${size} characters and none that control the text.`),
      )
      .transform((value) => value.trim().normalize('NFC'))
      .refine(
        (value) => value.length >= minLength && [...value].length <= maxLength,
        fieldIssue(code, `Must have ${size} characters.`),
      )
  );
}

/** Where an empty text means none. */
export function nullIfEmpty(text: string): string | null {
  return text === '' ? null : text;
}
