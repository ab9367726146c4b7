import type { IncomingMessage } from 'node:http';

/**
 * The part of a body that has arrived, or that arrives next, which stays to be read. It is all of it where it is as small
 * as that of a login. Empty where there is none.
 */
export function peekBody(req: IncomingMessage): Promise<Buffer> {
  const { headers } = req;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve) => {
    function look(): void {
      req.off('readable', look);
      req.off('close', look);
      // Reading at the end would end it, and whoever reads it later would wait for ever.
      const chunk = req.readableLength > 0 ? (req.read() as Buffer) : Buffer.alloc(0);
      if (chunk.length > 0) req.unshift(chunk);
      // Node notices a moment later that nobody listens, and lets the next reader begin.
      setImmediate(resolve, chunk);
    }
    req.on('readable', look);
    req.on('close', look);
  });
}
