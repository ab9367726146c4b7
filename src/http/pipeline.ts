import { type Express as App, type Request, type RequestHandler, type Response, request } from 'express';
import { AppError } from '../core/errors.ts';
import { type Authentication, claimsOf } from './authenticate.ts';
import { readBody } from './body.ts';
import { insufficientScope, loggedInUserOf, permissionsOf, userOf } from './caller.ts';
import type { CrossOrigin } from './cors.ts';
import { networkOf } from './origin.ts';
import type { Limit } from './rate-limit.ts';
import type { Access, Route } from './route.ts';
import type { RouteTable } from './route-table.ts';

export interface PipelineOptions {
  readonly table: RouteTable;
  /** Of access tokens and API keys. */
  readonly authenticate: Authentication;
  readonly limit: Limit;
  /** Undefined where no page of another origin may call. */
  readonly crossOrigin: CrossOrigin | undefined;
  /** Answers with the refusal that was thrown, or throws again what it cannot answer. */
  readonly refuse: (thrown: unknown, req: Request, res: Response) => void;
}

/**
 * Middleware that answers every request. What guards a route is in its description and is applied here, in this order:
 * what is cheap comes first, and nothing of a body is read for a request that is refused for something else.
 */
export function createPipeline(options: PipelineOptions): RequestHandler {
  const { table, authenticate, limit, crossOrigin, refuse } = options;
  return (req, res, next) => {
    answer(req, res).catch((thrown) => {
      try {
        (req.guardedBy?.refuse ?? refuse)(thrown, req, res);
      } catch (error) {
        next(error);
      }
    });
  };

  async function answer(req: Request, res: Response): Promise<void> {
    const route = find(req, res);
    if (route === undefined) return;
    await requireQuota(route, req, res);
    await requireAccess(route.access, req, res);
    if (route.body !== undefined) req.body = await readBody(req, route.body);
    await route.handle(req, res);
  }

  /**
   * The route of a request; undefined where it has been answered: a preflight, or OPTIONS with the methods there are.
   * @throws AppError not_found, method_not_allowed, invalid_request
   */
  function find(req: Request, res: Response): Route | undefined {
    const match = table.match(req.method, req.path);
    // A gateway asks with the method of the request that it holds, which may be a preflight, and lets it pass on any 2xx.
    // So its route is not for pages, and OPTIONS needs a token there as every other method does.
    if (match?.route?.method !== 'ANY' && crossOrigin?.(req, res)) return undefined;
    if (match === undefined) throw new AppError('not_found');
    const { pattern, route, allow } = match;
    req.route = { path: pattern };
    if (route === undefined && req.method === 'OPTIONS') {
      res.status(204).set('Allow', allow).end();
      return undefined;
    }
    if (route === undefined)
      throw new AppError('method_not_allowed', undefined, { headers: { Allow: allow } });
    req.guardedBy = route;
    req.params = match.params();
    return route;
  }

  /** @throws AppError rate_limited */
  async function requireQuota(route: Route, req: Request, res: Response): Promise<void> {
    if (route.limit === undefined) return;
    if (route.limitSparesAuthorization && req.headers.authorization !== undefined) return;
    await limit(res, route.limit, networkOf(req.ip));
  }

  /** @throws AppError token_missing and its like, user_required, session_required, insufficient_scope */
  async function requireAccess(access: Access, req: Request, res: Response): Promise<void> {
    if (access === 'public') return;
    if (typeof access === 'object' && 'authenticate' in access) return access.authenticate(req, res);
    await authenticate(req, res);
    if (access === 'user') userOf(req);
    else if (access === 'session') loggedInUserOf(req);
    else if (access !== 'bearer' && !permissionsOf(claimsOf(req)).includes(access.permission)) {
      throw insufficientScope(access.permission);
    }
  }
}

/**
 * Keeps Express from answering 304: for If-None-Match: * it would do so without looking, and a gateway that is answered 304
 * has no claims. Only what caches may keep has an ETag.
 */
export function restrictConditionalRequests(app: App): void {
  const fresh = Object.getOwnPropertyDescriptor(request, 'fresh');
  Object.defineProperty(app.request, 'fresh', {
    get(this: Request): boolean {
      return this.guardedBy?.cacheable === true && fresh?.get?.call(this) === true;
    },
  });
}

declare global {
  namespace Express {
    interface Request {
      /** The description of the route that it is for. */
      guardedBy?: Route;
    }
  }
}
