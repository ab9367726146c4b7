import type { Request, Response } from 'express';
import type { BodyDescription } from './body.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may use a route. `bearer`: who sends a good access token or API key; `user`: the same, but no machine; `session`: a
 * user who has logged in and sends no API key; a permission: who holds it. `authenticate` is for routes that know
 * credentials of another kind; it throws what refuses them.
 */
export type Access =
  | 'public'
  | 'bearer'
  | 'user'
  | 'session'
  | { readonly permission: string }
  | { readonly authenticate: (req: Request, res: Response) => Promise<void> };

/** What guards a route: said once, and applied in this order by the one pipeline (http/pipeline.ts). */
export interface RouteDescription {
  /** `ANY` where a gateway keeps the method of the request that it asks about. HEAD goes with GET. */
  readonly method: Method | 'ANY';
  /** As in the OpenAPI document, such as /sessions/{id}. */
  readonly path: string;
  /** Whether every path below belongs to it too. */
  readonly below?: true;
  /** Counts requests by the client's address before anything else is done for them. */
  readonly limit?: RequestPolicy;
  /** Whether `limit` spares requests with an Authorization header, which have to prove who sends them first. */
  readonly limitSparesAuthorization?: true;
  /** Whether it hashes a password: then it is refused before its body is read while too many wait. */
  readonly hashes?: boolean;
  readonly access: Access;
  /** No body is read where this is absent. */
  readonly body?: BodyDescription;
  /** Whether caches may keep its answer and ask with If-None-Match whether it has changed. */
  readonly cacheable?: true;
}

export interface Route extends RouteDescription {
  readonly handle: (req: Request, res: Response) => unknown;
  /** How it says no, where that is not a problem document. It may throw what it cannot say. */
  readonly refuse?: (thrown: unknown, req: Request, res: Response) => void;
}

/** The pattern of the route that answered, or null where none did. Never the path as it was sent. */
export function routeOf(req: Request): string | null {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? path : null;
}
