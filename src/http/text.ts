import { z } from 'zod';

/** Text that survives every encoding: no half of a surrogate pair, which UTF-8 cannot carry. */
export const wellFormedText = z.string().refine((value) => value.isWellFormed(), {
  abort: true,
  message: 'Contains half of a character (a lone surrogate).',
  params: { code: 'malformed_text' },
});
