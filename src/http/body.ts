import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { type FormParameters, parseForm, parseJson } from './body-text.ts';
import { type FieldCheck, parse } from './parse.ts';
import { announcesContent, peekBody } from './peek-body.ts';

/** What a route reads as its body. */
export interface BodyDescription {
  readonly kind: 'json' | 'form';
  /** The limit of the body as it arrives, and of what it decompresses to. */
  readonly maxBytes: number;
  /** Members of objects and elements of arrays, or parameters of a form, all together. */
  readonly maxValues: number;
  /** Whether it may be compressed. */
  readonly compressed?: true;
}

/** What a route takes as its body: the kind and its limits, and the schema that parses it. */
export interface Body<Value = unknown> extends BodyDescription {
  readonly schema: z.ZodType;
  readonly parse: (value: unknown, check?: FieldCheck<Value>) => Value;
  readonly required: boolean;
}

const KILOBYTE = 1024;

export const FORM_MEDIA_TYPE = 'application/x-www-form-urlencoded';
const JSON_MEDIA_TYPE = 'application/json';

/** A JSON body. Enough for an address, a name and two passwords of 256 characters outside ASCII, even where each is escaped. */
export function json<Schema extends z.ZodType>(schema: Schema) {
  return jsonWithin(schema, { maxBytes: 8 * KILOBYTE, maxValues: 100 });
}

/** A JSON body with lists of roles or permissions. */
export function jsonWithLists<Schema extends z.ZodType>(schema: Schema) {
  return jsonWithin(schema, { maxBytes: 32 * KILOBYTE, maxValues: 2_000 });
}

/** A JSON body of a thousand users, each with a hash, names in any script, and roles. */
export function bulk<Schema extends z.ZodType>(schema: Schema) {
  return jsonWithin(schema, { maxBytes: 2 * KILOBYTE * KILOBYTE, maxValues: 50_000, compressed: true });
}

/**
 * A form of OAuth (RFC 6749 appendix B), which holds tokens, each of up to 8 KB. It is given as its parameters: what is
 * wrong with them, OAuth has words of its own for.
 */
export function form(schema: z.ZodType): Body<FormParameters | undefined> {
  const parse = (value: unknown) => value as FormParameters | undefined;
  return { kind: 'form', maxBytes: 16 * KILOBYTE, maxValues: 32, schema, parse, required: true };
}

/**
 * A form of a page of this service, read into an object: of parameters with one name the last counts. There may be a box to
 * tick for each permission.
 */
export function pageForm<Schema extends z.ZodType>(schema: Schema): Body<z.output<Schema>> {
  return {
    kind: 'form',
    maxBytes: 8 * KILOBYTE,
    maxValues: 250,
    schema,
    parse: (value, check) =>
      parse(schema, Object.fromEntries((value as FormParameters | undefined) ?? []), check),
    required: false,
  };
}

function jsonWithin<Schema extends z.ZodType>(
  schema: Schema,
  limits: Omit<BodyDescription, 'kind'>,
): Body<z.output<Schema>> {
  return {
    kind: 'json',
    ...limits,
    schema,
    parse: (value, check) => parse(schema, value, check),
    required: !schema.safeParse(undefined).success,
  };
}

/** The encodings that every supported Node version can decode; newer ones know more. */
const DECOMPRESSORS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The body of a request: undefined without one, what its JSON says, or the parameters of its form. Reads no further than
 * the limit of bytes, and parses nothing that is over the limits of depth and number.
 * @throws AppError unsupported_media_type, payload_too_large, invalid_json, invalid_request
 */
export async function readBody(req: IncomingMessage, body: BodyDescription): Promise<unknown> {
  if (!(await hasContent(req))) return undefined;
  requireMediaType(req.headers['content-type'] ?? '', body.kind);
  const decompress = decompressorOf(req.headers['content-encoding'], body);
  if (Number(req.headers['content-length'] ?? 0) > body.maxBytes) throw tooLarge(body.maxBytes);
  const bytes = await readBytes(req, body.maxBytes, decompress?.());
  // Lenient decoding would make different passwords equal.
  if (!isUtf8(bytes)) throw new AppError('invalid_json', 'The body is not valid UTF-8.');
  return body.kind === 'json' ? parseJson(bytes, body.maxValues) : parseForm(bytes, body.maxValues);
}

/**
 * Whether a request has content, which alone has a media type. Proxies send requests without any with
 * `Transfer-Encoding: chunked` and no chunk (RFC 9112 section 6), so that takes waiting for the first byte.
 */
async function hasContent(req: IncomingMessage): Promise<boolean> {
  if (!announcesContent(req)) return false;
  if (req.headers['transfer-encoding'] === undefined || (await peekBody(req)).length > 0) return true;
  if (req.complete) return false;
  throw cutShort();
}

/**
 * JSON and the forms of OAuth are UTF-8 whatever a charset says, which has no meaning for either (RFC 8259 section 11).
 * The bytes are checked.
 */
function requireMediaType(contentType: string, kind: 'json' | 'form'): void {
  const wanted = kind === 'json' ? JSON_MEDIA_TYPE : FORM_MEDIA_TYPE;
  const given = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (given === wanted) return;
  throw new AppError('unsupported_media_type', `The body must be of the media type ${wanted}.`);
}

function decompressorOf(
  contentEncoding: string | undefined,
  { compressed }: BodyDescription,
): (() => Transform) | undefined {
  const encoding = contentEncoding?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return undefined;
  const decompress = compressed && Object.hasOwn(DECOMPRESSORS, encoding) && DECOMPRESSORS[encoding];
  if (decompress) return decompress;
  throw new AppError(
    'unsupported_media_type',
    compressed
      ? 'The body may be uncompressed, or in the encoding gzip, deflate or br.'
      : 'Send the body uncompressed: only POST /admin/users/import takes a compressed one.',
  );
}

/** Counts what arrives and, where that is compressed, what comes of it. */
function readBytes(
  req: IncomingMessage,
  maxBytes: number,
  decompress: Transform | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let arrivedBytes = 0;
    const source = decompress ?? req;

    function finish(error?: Error): void {
      source.off('data', onData);
      if (decompress !== undefined) {
        req.off('data', onArrival);
        req.unpipe(decompress);
        decompress.destroy();
      }
      if (error === undefined) resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      else reject(error);
    }
    function onData(chunk: Buffer): void {
      length += chunk.length;
      if (length > maxBytes) finish(tooLarge(maxBytes));
      else chunks.push(chunk);
    }

    function onArrival(chunk: Buffer): void {
      arrivedBytes += chunk.length;
      if (arrivedBytes > maxBytes) finish(tooLarge(maxBytes));
    }

    source.on('data', onData);
    source.once('end', () => finish());
    source.once('error', (cause) =>
      finish(new AppError('invalid_request', 'The body does not match its Content-Encoding.', { cause })),
    );
    req.once('close', () => {
      if (!req.complete) finish(cutShort());
    });
    if (decompress !== undefined) {
      req.on('data', onArrival);
      req.pipe(decompress);
    }
  });
}

function cutShort(): AppError {
  return new AppError('invalid_request', 'The connection closed before the whole body arrived.');
}

function tooLarge(maxBytes: number): AppError {
  const kilobytes = maxBytes / KILOBYTE;
  const limit = kilobytes < KILOBYTE ? `${kilobytes} KB` : `${kilobytes / KILOBYTE} MB`;
  return new AppError('payload_too_large', `The body must not exceed ${limit}.`);
}
