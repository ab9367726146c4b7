import type { z } from 'zod';

/**
 * One row a variable: how it is parsed, what it wants, and the two columns of .env.example (its default as text,
 * one line of meaning). A row with `secret` also reads from NAME_FILE and is masked in messages.
 */
export interface Variable {
  readonly schema: z.ZodType;
  readonly wants: string;
  readonly default: string;
  readonly meaning: string;
  readonly secret?: true;
}
