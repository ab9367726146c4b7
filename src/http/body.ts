import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const LIMIT = '100kb';
/** A thousand users, each with a hash, names in any script, and roles. */
const BULK_LIMIT = '2mb';
export const FORM_MEDIA_TYPE = 'application/x-www-form-urlencoded';

/** Parses JSON bodies of up to 100 KB; any other kind of body is refused, on whatever route. */
export function jsonBody(limit = LIMIT): RequestHandler[] {
  return [refuseOtherMedia, express.json({ limit, strict: true, verify: demandUtf8 })];
}

/** The same for a route that takes many things at once; comes before `jsonBody`, which then finds the body parsed. */
export function bulkJsonBody(): RequestHandler[] {
  return jsonBody(BULK_LIMIT);
}

/** Parses the forms of OAuth (RFC 6749 appendix B) of up to 100 KB; JSON and any other kind of body is refused. */
export function formBody(): RequestHandler[] {
  return [refuseOtherThanForms, express.urlencoded({ limit: LIMIT, extended: false, verify: demandUtf8 })];
}

const refuseOtherThanForms: RequestHandler = (req, _res, next) => {
  if (hasBody(req) && !(isForm(req) && isKnownEncoding(req))) {
    throw new AppError('unsupported_media_type', `The body must be of the media type ${FORM_MEDIA_TYPE}.`);
  }
  next();
};

const refuseOtherMedia: RequestHandler = (req, _res, next) => {
  if (hasBody(req) && !(isJson(req) && isKnownEncoding(req))) {
    throw new AppError('unsupported_media_type');
  }
  next();
};

/** Clients send `Content-Length: 0` with a POST that has no body, and then no Content-Type. */
function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** What every Node version that we run on can undo; newer ones know more. */
function isKnownEncoding(req: Request): boolean {
  return ['identity', 'gzip', 'deflate', 'br'].includes(
    req.get('Content-Encoding')?.toLowerCase() ?? 'identity',
  );
}

function isJson(req: Request): boolean {
  return Boolean(req.is('application/json')) && isUtf8Charset(req.get('Content-Type') ?? '');
}

function isForm(req: Request): boolean {
  return Boolean(req.is(FORM_MEDIA_TYPE)) && isUtf8Charset(req.get('Content-Type') ?? '');
}

/** JSON is UTF-8 (RFC 8259 section 8.1), whatever else body-parser would decode. */
function isUtf8Charset(mediaType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(mediaType)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8';
}

/** Lenient decoding would make different passwords equal. */
function demandUtf8(_req: unknown, _res: unknown, bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new AppError('invalid_json', 'The body is not valid UTF-8.');
}
