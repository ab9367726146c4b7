import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

/** RFC 9112 section 3.2: 400 without a Host. Node would say the same, but with an empty body. */
export function demandHost(): RequestHandler {
  return (req, _res, next) => {
    if (req.headers.host === undefined && req.httpVersion === '1.1') {
      throw new AppError('invalid_request', 'The request has no Host header.');
    }
    next();
  };
}
