import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';

export interface FixedContentOptions {
  /** Without the charset, which is that of everything we write. */
  readonly mediaType: string;
  readonly cacheControl: string;
}

/** Content that sends itself, since what it sends depends on what the client has and takes. */
export type FixedContent = (req: Request, res: Response) => Promise<void>;

type Coding = 'br' | 'gzip';

/** The content as it is, or compressed. */
interface Variant {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly coding?: Coding;
}

const CODINGS: readonly Coding[] = ['br', 'gzip'];
/** Brings most of the gain; the highest quality takes seconds for a large script. */
const BROTLI_QUALITY = 6;

const COMPRESS: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: promisify(gzip),
};

/**
 * Answers GET and HEAD with content that stays the same as long as the process runs: from memory, so that many requests
 * for it hold neither files nor copies, each compressed variant made once, when first asked for. A client that has it
 * already is answered 304 (RFC 9110 section 13.1.2), on a route that is `cacheable`.
 */
export function createFixedContent(content: string | Buffer, options: FixedContentOptions): FixedContent {
  const bytes = Buffer.from(content);
  const tag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  const plain: Variant = { bytes, etag: `"${tag}"` };
  const variants = new Map<Coding, Promise<Variant>>();

  function variantOf(coding: Coding): Promise<Variant> {
    const known = variants.get(coding);
    if (known !== undefined) return known;
    const made = compress(coding);
    variants.set(coding, made);
    made.catch(() => variants.delete(coding));
    return made;
  }

  async function compress(coding: Coding): Promise<Variant> {
    return { bytes: await COMPRESS[coding](bytes), etag: `"${tag}-${coding}"`, coding };
  }

  return async (req: Request, res: Response): Promise<void> => {
    const coding = CODINGS.find((each) => req.acceptsEncodings(each, 'identity') === each);
    const variant = coding === undefined ? plain : await variantOf(coding);
    res.vary('Accept-Encoding').set('Cache-Control', options.cacheControl).set('ETag', variant.etag);
    if (req.fresh) {
      res.status(304).end();
      return;
    }
    if (variant.coding !== undefined) res.set('Content-Encoding', variant.coding);
    res.set('Content-Type', `${options.mediaType}; charset=utf-8`);
    res.set('Content-Length', String(variant.bytes.length));
    // Node sends the headers alone in answer to HEAD.
    res.end(variant.bytes);
  };
}
