import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError } from '../core/errors.ts';
import type { RateLimiter } from '../core/limits/rate-limiter.ts';
import type { AuthenticatedPrincipal } from '../core/principal.ts';
import type { Answer } from './answer.ts';
import type { Credentials } from './credentials.ts';
import { hasValidHeaders } from './host.ts';
import { limitOf } from './identity.ts';
import type { MountedRoute } from './mount.ts';
import { quotaFields } from './rate-limit.ts';
import { newRequestId } from './request-id.ts';
import { isAborted, type RequestLog } from './request-log.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { whenOver } from './when-over.ts';

export interface FastLaneOptions {
  /** The ordinary path, which every request may take. */
  readonly ordinary: RequestListener;
  /** Those whose answer depends on the credential alone. */
  readonly routes: readonly MountedRoute[];
  readonly credentials: Pick<Credentials, 'read'>;
  readonly limiter: RateLimiter | undefined;
  readonly record: RequestLog['record'];
}

/**
 * A shorter path for GET and HEAD /verify, which a gateway calls at every request: a valid credential is answered here,
 * without the middleware whose outcome is known beforehand. All others take the ordinary path, which answers the same.
 */
export function createFastLane(options: FastLaneOptions): RequestListener {
  const { ordinary, routes, credentials, limiter, record } = options;
  const fixedHeaders = Object.entries(SECURITY_HEADERS).flat();

  return (req, res) => {
    const route = routes.find(({ path }) => isFor(path, req));
    if (route === undefined || !hasValidHeaders(req)) ordinary(req, res);
    else answer(route, req, res).catch(() => afterFailure(req, res));
  };

  async function answer(route: MountedRoute, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const begunAt = performance.now();
    const principal = await principalOf(req);
    const quota = principal && (await limiter?.consume(...limitOf(principal)));
    if (principal === undefined || quota?.allowed === false || res.destroyed) {
      ordinary(req, res);
      return;
    }
    const id = newRequestId();
    const { status, headers = {}, body } = (await route.handle({ caller: { principal } } as never)) as Answer;
    const text = JSON.stringify(body);
    whenOver(res, () => record({ id, req, route: route.path, status, begunAt, isAborted: isAborted(res) }));
    res.writeHead(status, [
      ...fixedHeaders,
      'X-Request-Id',
      id,
      ...Object.entries(headers).flat(),
      ...(quota ? quotaFields(quota).flat() : []),
      'Content-Type',
      'application/json; charset=utf-8',
      'Content-Length',
      String(Buffer.byteLength(text)),
    ]);
    // Node sends the headers alone in answer to HEAD.
    res.end(text);
  }

  /** The ordinary path will fail in the same way, and answers with the refusal. */
  function afterFailure(req: IncomingMessage, res: ServerResponse): void {
    if (res.headersSent) res.destroy();
    else ordinary(req, res);
  }

  /** The principal of a valid credential; undefined where the ordinary path should handle the request. */
  async function principalOf(req: IncomingMessage): Promise<AuthenticatedPrincipal | undefined> {
    try {
      // A gateway does not pass the headers of the answer on, so no cookie could be renewed.
      const principal = (await credentials.read(req, false))?.principal;
      return principal?.kind === 'user' && principal.isEnrolling ? undefined : principal;
    } catch (error) {
      if (error instanceof AppError) {
        // The ordinary path must not evaluate it again.
        Object.assign(req, { credentialError: error });
        return undefined;
      }
      throw error;
    }
  }
}

function isFor(path: string, { method, url = '' }: IncomingMessage): boolean {
  // nginx reads no body of such an answer, and keeps the connection open only where there is none.
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (!url.startsWith(path)) return false;
  return url.length === path.length || '/?'.includes(url[path.length] ?? '');
}
