import type { IncomingMessage } from 'node:http';
import { hasBody } from './body.ts';

/**
 * The part of a body that has arrived, or arrives next, without consuming it. A body as small as a login's arrives in
 * one piece. Empty where there is none.
 */
export function peekBody(req: IncomingMessage): Promise<Buffer> {
  if (!hasBody(req)) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve) => {
    function look(): void {
      req.off('readable', look);
      req.off('close', look);
      // Reading at the end would end it, and the parser that reads it later would never be called back.
      const chunk = req.readableLength > 0 ? (req.read() as Buffer) : Buffer.alloc(0);
      if (chunk.length > 0) req.unshift(chunk);
      // Node notices a moment later that there is no listener, and lets the next reader begin.
      setImmediate(resolve, chunk);
    }
    req.on('readable', look);
    req.on('close', look);
  });
}
