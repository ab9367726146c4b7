import { z } from 'zod';
import { MAX_SCOPE_BYTES } from '../tokens/scope.ts';
import { fieldIssue, wellFormedText } from './text.ts';

/** Not . and .. which no client could name in a path. */
const ROLE_NAME = /^(?!\.{1,2}$)[a-z0-9_.-]{1,64}$/;
const PERMISSION_NAME = /^[a-z0-9_.-]{1,63}:[a-z0-9_.-]{1,63}$/;
/** RFC 6749 section 3.3: visible ASCII but for the quotation mark and the backslash. An empty list is one too. */
const SCOPE = /^(?:[\x21\x23-\x5b\x5d-\x7e]{1,128}(?: [\x21\x23-\x5b\x5d-\x7e]{1,128})*)?$/;
/** The last one that every database can keep. */
const MAX_YEAR = 9999;
const EXPECTED_TIME = 'Must be a time such as 2026-11-20T04:31:37.251Z';

/** The parameter of a path that names one thing by its id. */
export const IdPath = z.object({ id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }) });

export const RoleName = wellFormedText
  .refine(
    (value) => ROLE_NAME.test(value),
    fieldIssue('invalid_role', 'Must be 1 to 64 letters (a-z), digits or the signs _ . -'),
  )
  .meta({ minLength: 1, maxLength: 64, pattern: ROLE_NAME.source, example: 'auditor' });

export const PermissionName = wellFormedText
  .refine(
    (value) => PERMISSION_NAME.test(value),
    fieldIssue(
      'invalid_permission',
      'Must be resource:action, each 1 to 63 letters (a-z), digits or the signs _ . -',
    ),
  )
  .meta({ maxLength: 127, pattern: PERMISSION_NAME.source, example: 'orders:read' });

/** Permissions with a space between them, read into a list: each once and in order. */
export const Scope = wellFormedText
  .refine(
    (value) => value.length <= MAX_SCOPE_BYTES && SCOPE.test(value),
    fieldIssue(
      'invalid_scope',
      `Must be permissions of at most 128 characters separated by single spaces, together at most ${MAX_SCOPE_BYTES}.`,
    ),
  )
  .transform((value) => (value === '' ? [] : [...new Set(value.split(' '))].sort()))
  .meta({ maxLength: MAX_SCOPE_BYTES });

export const Time = timeOf(`${EXPECTED_TIME}.`);

/** A time in a query, where people forget what a + means. */
export const QueryTime = timeOf(`${EXPECTED_TIME}; a + is %2B in a query.`);

function timeOf(message: string) {
  return z
    .string()
    .refine(isTime, fieldIssue('invalid_time', message))
    .transform((value) => new Date(value))
    .meta({ format: 'date-time' });
}

/** The year counts in UTC: an offset may lead into the next one. */
function isTime(value: string): boolean {
  return (
    z.iso.datetime({ offset: true }).safeParse(value).success && new Date(value).getUTCFullYear() <= MAX_YEAR
  );
}
