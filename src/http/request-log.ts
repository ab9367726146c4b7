import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { LoggedRefusal } from './error-format.ts';
import { clientRequestIdOf, newRequestId } from './request-id.ts';
import { whenOver } from './when-over.ts';

/** A request that is over, for the log and the metrics. */
export interface FinishedRequest {
  readonly id: string;
  readonly req: Pick<IncomingMessage, 'headers' | 'method'>;
  /** The pattern that matched, or null. Never a path as it was sent. */
  readonly route: string | null;
  readonly status: number;
  /** By `performance.now()`. */
  readonly begunAt: number;
  /** The client went away before its answer. */
  readonly isAborted: boolean;
  /** Why it was refused. */
  readonly refusal?: LoggedRefusal | undefined;
}

/** The part of a request that the metrics record. */
export interface Measurement {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface RequestLog {
  /** Gives a request its id, which its answer, its log line and the audit log name, and records it when it is over. */
  readonly begin: (req: Request, res: Response) => void;
  readonly record: (finished: FinishedRequest) => void;
  /** The same of a refusal: one by one while these are few, the rest of a flood in one line per second and kind. */
  readonly recordRefusal: (finished: FinishedRequest) => void;
}

/** The code of nginx for a client that goes away before its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Values that callers invent never become labels: each would be another time series. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Probed every few seconds by orchestrators. */
const PROBES: readonly (string | null)[] = ['/healthz', '/readyz', '/metrics'];

/** This many refusals per second have a line each. */
const REFUSALS_PER_SECOND = 10;
const SUMMARY_MILLISECONDS = 1_000;

/**
 * One line and one measurement per request: its id and that of the caller, method, route, status, duration, and why it
 * was refused. Paths and query strings as they were sent, headers and bodies are where passwords and tokens travel,
 * wanted or by mistake.
 */
export function createRequestLog(
  logger: Logger,
  onRequest: (measurement: Measurement) => void = () => {},
): RequestLog {
  let refusals = 0;
  let isSummarizing = false;
  const more = new Map<
    string,
    { route: string | null; status: number; refusal: LoggedRefusal | undefined; requests: number }
  >();

  function begin(req: Request, res: Response): void {
    const begunAt = performance.now();
    const id = newRequestId();
    res.locals.requestId = id;
    res.setHeader('X-Request-Id', id);
    whenOver(res, () =>
      record({
        id,
        req,
        route: routeOf(req),
        status: res.statusCode,
        begunAt,
        isAborted: isAborted(res),
        refusal: res.locals.refusal,
      }),
    );
  }

  function record(finished: FinishedRequest): void {
    measure(finished);
    writeLine(finished);
  }

  function recordRefusal(finished: FinishedRequest): void {
    measure(finished);
    if (!isSummarizing) setTimeout(summarize, SUMMARY_MILLISECONDS).unref();
    isSummarizing = true;
    if (refusals < REFUSALS_PER_SECOND) {
      refusals++;
      writeLine(finished);
      return;
    }
    const { route, status, refusal } = finished;
    const key = `${route} ${status}`;
    const counted = more.get(key) ?? { route, status, refusal, requests: 0 };
    counted.requests++;
    more.set(key, counted);
  }

  function summarize(): void {
    isSummarizing = false;
    refusals = 0;
    for (const { route, status, refusal, requests } of more.values()) {
      const { code, policy } = refusal ?? {};
      logger.warn({ route, res: { status }, code, policy, requests }, 'further refused requests');
    }
    more.clear();
  }

  function measure({ req: { method = '' }, route, status, begunAt, isAborted }: FinishedRequest): void {
    onRequest({
      method: METHODS.includes(method) ? method : 'other',
      route: route ?? 'none',
      status: isAborted ? CLIENT_CLOSED_REQUEST : status,
      seconds: (performance.now() - begunAt) / 1000,
    });
  }

  function writeLine(finished: FinishedRequest): void {
    const { id, req: request, route, status, begunAt, isAborted, refusal } = finished;
    const req = { id, client_request_id: clientRequestIdOf(request), method: request.method };
    const responseTime = Math.round(performance.now() - begunAt);
    const line = { req, route, res: { status }, responseTime, ...refusal };
    if (isAborted) logger.info(line, 'request aborted');
    else if (status === 503) logger.warn(line, 'request rejected (503)');
    else if (status >= 500) logger.error(line, 'request failed');
    else if (PROBES.includes(route)) logger.debug(line, 'request completed');
    else logger.info(line, 'request completed');
  }

  return { begin, record, recordRefusal };
}

/** Whether the client of a request that is over went away before its answer. */
export function isAborted(res: ServerResponse): boolean {
  return !res.writableFinished;
}

/** The pattern of the route that answered, or null where none did. Never the path as it was sent. */
function routeOf(req: Request): string | null {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? path : null;
}
