import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

/** Safe in a header, in a log line and in a URN. */
const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the caller's X-Request-Id if it is well-formed, else makes one; echoes it in the answer. */
export function requestId(): RequestHandler {
  return (req, res, next) => {
    const id = chooseRequestId(req.headers['x-request-id']);
    res.locals.requestId = id;
    res.set('X-Request-Id', id);
    next();
  };
}

/** The id that the caller gave, if it is well-formed, else a new one. */
export function chooseRequestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}

/** The id of the request that `res` answers. */
export function requestIdOf(res: Response): string {
  return res.locals.requestId as string;
}
