import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AccessTokenClaims } from '@latchkey/verifier/core';
import type { Logger } from 'pino';
import { AppError } from '../core/errors.ts';
import type { RateLimiter } from '../core/limits/rate-limiter.ts';
import { policyOf, readBearerToken, type TokenCheck } from './authenticate.ts';
import { whenOver } from './when-over.ts';
import { hasSoundHeaders } from './host.ts';
import { quotaFields } from './rate-limit.ts';
import { clientRequestIdOf, newRequestId } from './request-id.ts';
import { logAnswer } from './request-log.ts';
import { CLIENT_CLOSED_REQUEST, type Measurement } from './request-metrics.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface GatewayLaneOptions {
  /** The ordinary way, which every request may take. */
  readonly ordinary: RequestListener;
  /** What the route is called in the log and in the metrics. */
  readonly route: string;
  readonly check: TokenCheck;
  /** What the claims look like as headers. */
  readonly headersOf: (claims: AccessTokenClaims) => Readonly<Record<string, string>>;
  readonly limiter: RateLimiter | undefined;
  readonly observe: (measurement: Measurement) => void;
  readonly logger: Logger;
}

/** Escapes may be wrong, which the ordinary way refuses. */
const isVerify = ({ method, url = '' }: IncomingMessage) =>
  // nginx reads no body of such an answer, and keeps the connection open only where there is none.
  (method === 'GET' || method === 'HEAD') &&
  url.startsWith('/verify') &&
  (url.length === 7 || '/?'.includes(url[7] ?? '')) &&
  !url.includes('%');

/**
 * A shorter way for GET and HEAD /verify, which a gateway asks at every request: a good token is answered here, without the
 * middleware whose outcome is known beforehand. Whatever is not good goes the ordinary way, which answers the same.
 */
export function createGatewayLane(options: GatewayLaneOptions): RequestListener {
  const { ordinary, route, check, headersOf, limiter, observe, logger } = options;
  const fixedHeaders = Object.entries(SECURITY_HEADERS).flat();

  return (req, res) => {
    if (!isVerify(req) || !hasSoundHeaders(req)) ordinary(req, res);
    else answer(req, res).catch(() => afterFailure(req, res));
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const begunAt = performance.now();
    const claims = await goodClaims(req);
    const quota = claims && (await limiter?.consume(policyOf(claims), claims.jti));
    if (claims === undefined || quota?.allowed === false || res.destroyed) {
      ordinary(req, res);
      return;
    }
    const method = req.method ?? 'GET';
    const id = newRequestId();
    const body = JSON.stringify(claims);
    whenOver(res, () => {
      const milliseconds = performance.now() - begunAt;
      const status = res.writableFinished ? 200 : CLIENT_CLOSED_REQUEST;
      observe({ method, route, status, seconds: milliseconds / 1000 });
      logAnswer(logger, {
        id,
        clientRequestId: clientRequestIdOf(req),
        method,
        route,
        status: 200,
        milliseconds,
        aborted: !res.writableFinished,
      });
    });
    res.writeHead(200, [
      ...fixedHeaders,
      'X-Request-Id',
      id,
      ...Object.entries(headersOf(claims)).flat(),
      ...(quota ? quotaFields(quota).flat() : []),
      'Content-Type',
      'application/json; charset=utf-8',
      'Content-Length',
      String(Buffer.byteLength(body)),
    ]);
    // Node sends the headers alone in answer to HEAD.
    res.end(body);
  }

  /** The ordinary way will fail in the same way, and knows how to say so. */
  function afterFailure(req: IncomingMessage, res: ServerResponse): void {
    if (res.headersSent) res.destroy();
    else ordinary(req, res);
  }

  /** The claims of a good token; undefined for anything that the ordinary way should look at. */
  async function goodClaims(req: IncomingMessage): Promise<AccessTokenClaims | undefined> {
    try {
      const token = readBearerToken(req);
      return token === undefined ? undefined : await check(token);
    } catch (error) {
      if (error instanceof AppError) {
        // Not to be found out twice.
        Object.assign(req, { tokenRefusal: error });
        return undefined;
      }
      throw error;
    }
  }
}
