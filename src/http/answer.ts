import type { Express, Response } from 'express';

/** Sends a text as the whole answer. Express would work out type, length, ETag and conditions once more. */
export function sendText(res: Response, contentType: string, text: string): void {
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', Buffer.byteLength(text));
  // Node leaves it out in answer to HEAD.
  res.end(text);
}

/** Has `res.json` of an application send directly. */
export function sendJsonDirectly(app: Express): void {
  app.response.json = function json(this: Response, body: unknown) {
    sendText(this, 'application/json; charset=utf-8', JSON.stringify(body));
    return this;
  };
}
