import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { z } from 'zod';

/** The one table of refusals. The codes are for programs to branch on; the middleware `bearer` adds those about tokens. */
const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is malformed' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  validation_failed: { status: 400, title: 'Some fields are not acceptable' },
  post_not_found: { status: 404, title: 'You have no post of this id' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This path does not take this method' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON in UTF-8' },
  internal_error: { status: 500, title: 'Something went wrong here' },
} as const;

interface FieldFault {
  /** A JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

/** A request that is refused. */
export class Refusal extends Error {
  readonly code: keyof typeof PROBLEMS;
  readonly faults: readonly FieldFault[] | undefined;

  constructor(code: keyof typeof PROBLEMS, faults?: readonly FieldFault[]) {
    super(
      faults?.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join(' ') ?? PROBLEMS[code].title,
    );
    this.code = code;
    this.faults = faults;
  }
}

/** @throws Refusal validation_failed that names the faulty fields */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(input);
  if (success) return data;
  throw new Refusal(
    'validation_failed',
    error.issues.map(({ path, message }) => ({
      pointer: path.map((key) => `/${String(key)}`).join(''),
      detail: `${message}.`,
    })),
  );
}

export const refuseUnknownPath: RequestHandler = () => {
  throw new Refusal('not_found');
};

/** Comes behind the routes of a path. */
export function refuseMethodsOtherThan(allow: string): RequestHandler {
  return (_req, res) => {
    res.set('Allow', allow);
    throw new Refusal('method_not_allowed');
  };
}

/** The last middleware: whatever was thrown becomes a problem document (RFC 9457). */
export const sendProblem: ErrorRequestHandler = (thrown, _req, res, next) => {
  const { code, message, faults } = toRefusal(thrown);
  // Not as it is: an error of the database has members for the query and its values.
  if (code === 'internal_error') console.error(String(thrown), thrown?.stack);
  if (res.headersSent) {
    next(thrown);
    return;
  }
  const { status, title } = PROBLEMS[code];
  const problem = { type: `urn:posts:error:${code}`, title, status, detail: message, code, errors: faults };
  res.status(status).type('application/problem+json').send(JSON.stringify(problem));
};

/** Express and its body parser give the faults that they find themselves a status. */
function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const { status, type } = Object(thrown) as { status?: unknown; type?: unknown };
  if (status === 413) return new Refusal('payload_too_large');
  if (status === 415) return new Refusal('unsupported_media_type');
  if (type === 'entity.parse.failed') return new Refusal('invalid_json');
  return new Refusal(status === 400 ? 'invalid_request' : 'internal_error');
}
