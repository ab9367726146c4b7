import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';

/** Safe in a log line and in the audit log. */
const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;

/** An id that no caller can choose, so that two requests never have the same one. */
export const newRequestId = (): string => randomUUID();

/** The X-Request-Id that the caller sent, if it is well-formed: a name of theirs, which may be that of another request. */
export function clientRequestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const given = headers['x-request-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : undefined;
}

/** The id of the request that `res` answers. */
export function requestIdOf(res: Response): string {
  return res.locals.requestId as string;
}
