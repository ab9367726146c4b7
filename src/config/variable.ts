import type { z } from 'zod';

/** A kind of value: its parser, and its description in messages. */
export interface ValueType<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly wants: string;
}

/** A variable as it is read, and as .env.example shows it. */
export interface Variable<Schema extends z.ZodType = z.ZodType> extends ValueType<Schema> {
  /** As text. */
  readonly default: string;
  /** In one line. */
  readonly meaning: string;
  /** Also reads from NAME_FILE, and is masked in messages. */
  readonly secret?: true;
}

interface Row<Schema extends z.ZodType> {
  readonly type: ValueType<Schema>;
  /** The default, as text; undefined without one. */
  readonly default?: string;
  /** The default as the documentation shows it, where it follows from something else. */
  readonly shown?: string;
  readonly meaning: string;
  readonly secret?: true;
}

export function variable<Schema extends z.ZodType>(
  row: Row<Schema> & { readonly default: string },
): Variable<z.ZodPrefault<Schema>>;
export function variable<Schema extends z.ZodType>(row: Row<Schema>): Variable<z.ZodOptional<Schema>>;
export function variable({
  type,
  default: byDefault,
  shown = byDefault ?? '',
  meaning,
  secret,
}: Row<z.ZodType>): Variable {
  const schema = byDefault === undefined ? type.schema.optional() : type.schema.prefault(byDefault);
  return { schema, wants: type.wants, default: shown, meaning, ...(secret && { secret }) };
}
