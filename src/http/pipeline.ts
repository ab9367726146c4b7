import { type Express as App, type Request, type RequestHandler, type Response, request } from 'express';
import { AppError } from '../core/errors.ts';
import { sendAnswer } from './answer.ts';
import { readBody } from './body.ts';
import type { CrossOrigin } from './cors.ts';
import { type ExchangeOptions, exchangeOf } from './exchange.ts';
import type { MountedRoute } from './mount.ts';
import { networkOf } from './origin.ts';
import { parse } from './parse.ts';
import type { PathParameters } from './route.ts';
import type { RouteTable } from './route-table.ts';

export interface PipelineOptions extends ExchangeOptions {
  readonly table: RouteTable;
  /** Undefined where no page of another origin may call. */
  readonly crossOrigin: CrossOrigin | undefined;
  /** Answers with the error that was thrown, in the form of the route, or throws again what it cannot answer. */
  readonly refuse: (thrown: unknown, req: Request, res: Response) => void;
}

/**
 * Middleware that answers every request. What guards a route is in its description and is applied here, in this order:
 * what is cheap comes first, and nothing of a body is read for a request that is refused for something else.
 */
export function createPipeline(options: PipelineOptions): RequestHandler {
  const { table, limit, crossOrigin, refuse } = options;
  return (req, res, next) => {
    answer(req, res).catch((thrown) => {
      try {
        refuse(thrown, req, res);
      } catch (error) {
        next(error);
      }
    });
  };

  async function answer(req: Request, res: Response): Promise<void> {
    const route = find(req, res);
    if (route === undefined) return;
    const exchange = exchangeOf(req, res, options);
    await requireQuota(route, req, res);
    const caller = await route.authenticate(exchange);
    const params = route.params && parsePath(route.params, req.params);
    const query = route.query && parse(route.query, req.query);
    const body = route.body?.parse(await readBody(req, route.body));
    await sendAnswer(req, res, await route.handle(Object.assign(exchange, { params, query, body, caller })));
  }

  /**
   * The route of a request; undefined where it has been answered: a preflight, or OPTIONS with the methods there are.
   * @throws AppError not_found, method_not_allowed, invalid_request
   */
  function find(req: Request, res: Response): MountedRoute | undefined {
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
    req.mounted = route;
    req.params = match.params();
    return route;
  }

  /** @throws AppError rate_limited */
  async function requireQuota(route: MountedRoute, req: Request, res: Response): Promise<void> {
    if (route.limit === undefined) return;
    if (route.limitSparesAuthorization && req.headers.authorization !== undefined) return;
    await limit(res, route.limit, networkOf(req.ip));
  }
}

/** @throws AppError the code `unknown` of the path where its parameters cannot name anything */
function parsePath({ schema, unknown }: PathParameters, params: Request['params']): unknown {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new AppError(unknown);
  return parsed.data;
}

/**
 * Keeps Express from answering 304: for If-None-Match: * it would do so without looking, and a gateway that is answered 304
 * has no claims. Only what caches may keep has an ETag.
 */
export function restrictConditionalRequests(app: App): void {
  const fresh = Object.getOwnPropertyDescriptor(request, 'fresh');
  Object.defineProperty(app.request, 'fresh', {
    get(this: Request): boolean {
      return this.mounted?.cacheable === true && fresh?.get?.call(this) === true;
    },
  });
}

declare global {
  namespace Express {
    interface Request {
      /** The route that it is for. */
      mounted?: MountedRoute;
    }
  }
}
