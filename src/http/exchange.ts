import type { Request, Response } from 'express';
import type { Count } from '../core/limits/rate-limiter.ts';
import type { RequestOrigin } from '../core/principal.ts';
import type { Answer } from './answer.ts';
import { readBearerToken } from './authenticate.ts';
import type { Body } from './body.ts';
import type { Intent } from './credentials.ts';
import type { Identities, Identity } from './identity.ts';
import { originOf } from './origin.ts';
import { prefersHtml } from './problem.ts';
import { type Limit, showQuota } from './rate-limit.ts';
import { abortSignalOf } from './when-over.ts';

/**
 * The parts of a request and its answer that a handler may use in addition to its parsed values. Handlers never see
 * `req` and `res`.
 */
export interface Exchange extends Identity {
  readonly origin: RequestOrigin;
  /** The Authorization headers, as they were sent. */
  readonly authorization: () => readonly string[];
  /** @throws AppError invalid_request where there are two or a malformed one */
  readonly bearerToken: () => string | undefined;
  /**
   * Counts the request against a limit, and shows in the answer what is left of it.
   * @throws AppError rate_limited
   */
  readonly count: Count;
  /** Whether the client asks for a page: a browser names HTML, and other clients that take anything get JSON. */
  readonly prefersHtml: () => boolean;
  /** Aborted when the request is over, so that nothing is done any more for a client that has gone. */
  readonly signal: () => AbortSignal;
  /**
   * The answer of a route of the API, by its id, as if the client had called it: through the same guards, and with the same
   * cookies and limits. The forms of pages use it, with `csrfToken` where the route asks for one.
   * @throws AppError what the route refuses with, not_found where the configuration has closed it
   */
  readonly perform: (id: string, input?: PerformInput) => Promise<Answer>;
}

/** What a route that is performed takes in place of what came with the request. */
export interface PerformInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly csrfToken?: string;
}

/** What a request has for a route, before the route parses it. */
export interface RouteInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: (body: Body) => Promise<unknown>;
}

/**
 * Runs another route for the same request, by its id, and says whether it may have changed something.
 * @throws AppError not_found where the configuration has closed it
 */
export type RunRoute = (
  id: string,
  input: RouteInput,
  exchangeFor: (method: string) => Exchange,
) => Promise<{ readonly answer: Answer; readonly isChange: boolean }>;

export interface ExchangeOptions {
  readonly limit: Limit;
  readonly identities: Identities;
  readonly run: RunRoute;
}

/** The parts of a request for its route, and for the routes that this one performs. */
export function exchangeOf(
  req: Request,
  res: Response,
  { limit, identities, run }: ExchangeOptions,
): Exchange {
  const origin = originOf(req);
  // Neither spread nor getters: either would keep the request alive until the next full collection (docs/decisions/0065).
  const exchangeFor = (intent: Intent): Exchange =>
    Object.assign({}, identities.for(intent), {
      origin,
      authorization: () => req.headersDistinct.authorization ?? [],
      bearerToken: () => readBearerToken(req),
      count: (policy: Parameters<Count>[0], key: string) => limit(res, policy, key),
      prefersHtml: () => prefersHtml(req),
      signal: () => abortSignalOf(res),
      perform,
    });

  async function perform(
    id: string,
    { params = {}, query = {}, body, csrfToken = '' }: PerformInput = {},
  ): Promise<Answer> {
    const input = { params, query, body: async () => body };
    const { answer, isChange } = await run(id, input, (method) => exchangeFor({ method, csrfToken }));
    if (isChange) identities.forget();
    if (answer.quota) showQuota(res, answer.quota);
    return answer;
  }

  return exchangeFor({ method: req.method, csrfToken: req.get('X-CSRF-Token') ?? '' });
}
