import type { Request, Response } from 'express';
import type { Quota } from '../core/limits/quota.ts';
import type { Page } from '../core/pages.ts';
import type { FixedContent } from './fixed-content.ts';
import { showQuota } from './rate-limit.ts';

/** The optional parts of any answer. */
export interface AnswerParts {
  readonly headers?: Readonly<Record<string, string>>;
  /** The quota that the handler counted. */
  readonly quota?: Quota | undefined;
}

/** The bytes of an answer where they are made already: `body` would be serialized again for each request. */
export interface Bytes {
  readonly mediaType: string;
  readonly bytes: string | Buffer;
  /** `latin1` where each character of the string stands for one byte; UTF-8 by default. */
  readonly encoding?: 'latin1';
}

/** An answer as the pipeline sends it. */
export interface Answer extends AnswerParts {
  readonly status: number;
  readonly body?: unknown;
  readonly content?: Bytes | FixedContent;
  readonly page?: Page;
}

/** Sends a page with the words and the look that it has for this browser. */
export type SendPage = (req: Request, res: Response, page: Page) => Promise<void>;

export function ok<Body>(body: Body, parts?: AnswerParts) {
  return { status: 200 as const, body, ...parts };
}

export function created<Body>(location: string, body: Body) {
  return { status: 201 as const, body, headers: { Location: location } };
}

export function noContent() {
  return { status: 204 as const };
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends what a handler returned. */
export async function sendAnswer(
  req: Request,
  res: Response,
  answer: Answer,
  sendPage: SendPage,
): Promise<void> {
  const { status, headers, quota, body, content, page } = answer;
  res.statusCode = status;
  for (const name in headers) res.setHeader(name, headers[name] ?? '');
  if (quota) showQuota(res, quota);
  if (typeof content === 'function') await content(req, res);
  else if (content !== undefined) sendBytes(res, content);
  else if (page !== undefined) await sendPage(req, res, page);
  else if (body === undefined) res.end();
  else sendBytes(res, { mediaType: JSON_TYPE, bytes: JSON.stringify(body) });
}

/** Sends bytes as the whole answer. Express would work out type, length, ETag and conditions once more. */
export function sendBytes(res: Response, { mediaType, bytes, encoding }: Bytes): void {
  res.setHeader('Content-Type', mediaType);
  res.setHeader('Content-Length', Buffer.byteLength(bytes, encoding));
  // Node leaves it out in answer to HEAD.
  res.end(bytes, encoding ?? 'utf8');
}
