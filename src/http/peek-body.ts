import type { IncomingMessage } from 'node:http';

/** Whether the headers of a request leave open that it has content. Clients also send `Content-Length: 0`. */
export function announcesContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * The part of a body that has arrived, or arrives next, without consuming it. A body as small as a login's arrives in
 * one piece. Empty where there is none.
 */
export function peekBody(req: IncomingMessage): Promise<Buffer> {
  if (!announcesContent(req) || req.readableEnded || req.closed) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve) => {
    function look(): void {
      req.off('readable', look);
      req.off('end', look);
      req.off('close', look);
      // Reading at the end would end it, and the parser that reads it later would never be called back.
      const chunk = req.readableLength > 0 ? (req.read() as Buffer) : Buffer.alloc(0);
      if (chunk.length > 0) req.unshift(chunk);
      // Node notices a moment later that there is no listener, and lets the next reader begin.
      setImmediate(resolve, chunk);
    }
    req.on('readable', look);
    // An empty body that was looked at before ends without becoming readable once more.
    req.on('end', look);
    req.on('close', look);
  });
}
