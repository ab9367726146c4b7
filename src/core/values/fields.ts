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
export const EXAMPLE_ID = '01a1f739-6923-7248-88fc-19260e07eec4';
const EXPECTED_TIME = 'Must be a time such as 2026-11-20T04:31:37.251Z';

/** An id that comes in: compared without regard to case (RFC 9562 section 4), and stored in lower case. */
export const idOr = (message: string) => z.uuid(message).toLowerCase();

export const Id = idOr(`Must be an id, such as ${EXAMPLE_ID}.`).meta({ example: EXAMPLE_ID });

/** The parameter of a path that names one thing by its id. */
export const IdPath = z.object({ id: Id });

/** The canonical form of a text that may be an id; any other text as it is. */
export function canonicalId(text: string): string {
  return Id.safeParse(text).data ?? text;
}

export const RoleName = wellFormedText
  .refine(
    (value) => ROLE_NAME.test(value),
    fieldIssue('invalid_role', 'Must be 1 to 64 letters (a-z), digits or the signs _ . -'),
  )
  // Without the lookahead, which many tools for OpenAPI cannot read.
  .meta({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9_.-]{1,64}$', example: 'auditor' });

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
    .transform((value) => new Date(value.toUpperCase()))
    .meta({ format: 'date-time' });
}

/** The year counts in UTC: an offset may lead into the next one. RFC 3339 allows t and z too. */
function isTime(value: string): boolean {
  return (
    z.iso.datetime({ offset: true }).safeParse(value.toUpperCase()).success &&
    new Date(value.toUpperCase()).getUTCFullYear() <= MAX_YEAR
  );
}
