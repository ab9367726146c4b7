import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const LIMIT = '100kb';

/** Parses JSON bodies of up to 100 KB; any other kind of body is refused, on whatever route. */
export function jsonBody(): RequestHandler[] {
  return [refuseOtherMedia, express.json({ limit: LIMIT, strict: true, verify: demandUtf8 })];
}

const refuseOtherMedia: RequestHandler = (req, _res, next) => {
  // `is` answers null for a request without a body and false for a body of another type.
  if (req.is('application/json') === false) throw new AppError('unsupported_media_type');
  next();
};

/** RFC 8259 section 8.1. Lenient decoding would make different passwords equal. */
function demandUtf8(_req: unknown, _res: unknown, bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new AppError('invalid_json', 'The body is not valid UTF-8.');
}
