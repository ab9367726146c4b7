import { z } from 'zod';
import { AppError, type FieldError } from '../core/errors.ts';
import { fieldCodeOf } from '../core/values/text.ts';

const MAX_REPORTED_FIELDS = 20;
const MAX_POINTER_LENGTH = 100;

/** What else is wrong with those fields of a body that its schema accepts. */
export type FieldCheck<Value> = (fields: Partial<Value>) => readonly FieldError[];

/**
 * The body as its schema describes it. `check` looks at its fields also where others are unacceptable, so that all that
 * is wrong is reported at once.
 * @throws AppError validation_failed with a JSON pointer (RFC 6901) for each faulty field; values are never repeated.
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  check: FieldCheck<z.output<Schema>> = () => [],
): z.output<Schema> {
  const result = schema.safeParse(body, { reportInput: true });
  const found = result.success ? [] : firstFieldErrors(result.error.issues);
  const more = check(result.success ? (result.data as Partial<z.output<Schema>>) : soundFields(schema, body));
  if (result.success && more.length === 0) return result.data;
  const fields = [...found, ...more].slice(0, MAX_REPORTED_FIELDS);
  const detail = fields.map((field) => `${field.pointer || 'The body'}: ${field.detail}`).join(' ');
  throw new AppError('validation_failed', detail, { fields });
}

/** The members of an object that are acceptable by themselves. */
function soundFields<Schema extends z.ZodType>(schema: Schema, body: unknown): Partial<z.output<Schema>> {
  if (!(schema instanceof z.ZodObject) || typeof body !== 'object' || body === null) return {};
  const shape: Record<string, z.ZodType> = schema.shape;
  const sound = Object.entries(shape).flatMap(([name, member]) => {
    const given = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    const result = member.safeParse(given);
    return result.success ? [[name, result.data]] : [];
  });
  return Object.fromEntries(sound);
}

/** Makes no more than are reported: a body may be wrong in thousands of places. */
function firstFieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const fields: FieldError[] = [];
  for (const issue of issues) {
    if (fields.length >= MAX_REPORTED_FIELDS) break;
    fields.push(...toFieldErrors(issue, MAX_REPORTED_FIELDS - fields.length));
  }
  return fields;
}

function toFieldErrors(issue: z.core.$ZodIssue, most: number): FieldError[] {
  const pointer = toPointer(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, most).map((key) => ({
        pointer: toPointer([...issue.path, key]),
        code: 'unknown_field',
        detail: 'Unknown field.',
      }));
    case 'invalid_type':
      return issue.input === undefined
        ? [{ pointer, code: 'required', detail: `Required: ${withArticle(issue.expected)}.` }]
        : [
            {
              pointer,
              code: 'wrong_type',
              detail: `Must be ${withArticle(issue.expected)}, not ${typeName(issue.input)}.`,
            },
          ];
    case 'custom':
      return [{ pointer, code: fieldCodeOf(issue), detail: issue.message }];
    default:
      return [{ pointer, code: 'invalid', detail: issue.message }];
  }
}

function toPointer(path: readonly PropertyKey[]): string {
  const pointer = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  if (pointer.length <= MAX_POINTER_LENGTH) return pointer;
  // Cut between characters, and not within an escape.
  return `${[...pointer].slice(0, MAX_POINTER_LENGTH).join('').replace(/~$/, '')}…`;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return withArticle(Array.isArray(value) ? 'array' : typeof value);
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
