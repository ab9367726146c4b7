import type { z } from 'zod';
import { AppError, type FieldError } from '../core/errors.ts';
import { fieldCodeOf } from '../core/values/text.ts';

const MAX_REPORTED_FIELDS = 20;
const MAX_POINTER_LENGTH = 100;

/**
 * The body as its schema describes it.
 * @throws AppError validation_failed with a JSON pointer (RFC 6901) for each faulty field; values are never repeated.
 */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  const fields = firstFieldErrors(result.error.issues);
  const detail = fields.map((field) => `${field.pointer || 'The body'}: ${field.detail}`).join(' ');
  throw new AppError('validation_failed', detail, { fields });
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
