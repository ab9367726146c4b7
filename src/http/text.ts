import { z } from 'zod';
import type { FieldErrorCode } from '../errors.ts';

/** The second argument of a zod refinement: what to say, and the stable code to say it with. */
export function fault(code: FieldErrorCode, message: string) {
  return { message, params: { code } };
}

/** The code that `fault` gave to a refinement. */
export function fieldCodeOf(issue: z.core.$ZodIssueCustom): FieldErrorCode {
  return (issue.params?.code as FieldErrorCode | undefined) ?? 'invalid';
}

/** Text that survives every encoding: no half of a surrogate pair, which UTF-8 cannot carry. */
export const wellFormedText = z.string().refine((value) => value.isWellFormed(), {
  abort: true,
  ...fault('malformed_text', 'Contains half of a character (a lone surrogate).'),
});
