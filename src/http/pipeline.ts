import express, {
  type Express as App,
  type ErrorRequestHandler,
  type Request,
  type Response,
  request,
} from 'express';
import { AppError } from '../core/errors.ts';
import { type Answer, type SendPage, sendAnswer } from './answer.ts';
import { type Body, readBody } from './body.ts';
import { type CrossOrigin, isPreflight } from './cors.ts';
import type { Exchange, RouteInput, RunRoute } from './exchange.ts';
import { requireValidHeaders } from './host.ts';
import { adoptMessages, type MessageClasses } from './messages.ts';
import type { MountedRoute } from './mount.ts';
import { networkOf, trustProxies } from './origin.ts';
import { parse } from './parse.ts';
import { addressPolicyOf, type Limit } from './rate-limit.ts';
import type { RequestLog } from './request-log.ts';
import type { PathParameters } from './route.ts';
import { createRouteTable, type RouteTable } from './route-table.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { pathOf, requireReadableTarget } from './target.ts';

export interface PipelineOptions {
  /** The classes of the requests and responses of the server. */
  readonly messageClasses: MessageClasses;
  readonly routes: readonly MountedRoute[];
  /** As Express defines it: the number of proxies in front, or their addresses. */
  readonly trustProxy: number | readonly string[];
  /** Undefined for what no page calls. */
  readonly crossOrigin: CrossOrigin | undefined;
  readonly exchangeOf: (req: Request, res: Response, run: RunRoute) => Exchange;
  readonly sendPage: SendPage;
  readonly limit: Limit;
  readonly requestLog: RequestLog;
  /** Answers with an error that was thrown, in the form of its route. */
  readonly refuse: (thrown: unknown, req: Request, res: Response) => void;
}

/**
 * An Express application that answers every request. The guards of a route are in its description and are applied here,
 * in this order: what is cheap comes first, and nothing of a body is read for a request that is refused for something
 * else.
 */
export function createPipeline(options: PipelineOptions): {
  readonly app: App;
  readonly table: RouteTable;
} {
  const { routes, trustProxy, limit, exchangeOf, sendPage, crossOrigin, requestLog, refuse } = options;
  const byId = new Map(routes.map((route) => [route.id, route]));
  const table = createRouteTable(routes);
  const app = express();
  adoptMessages(app, options.messageClasses);
  trustProxies(app, trustProxy);
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.disable('x-powered-by');
  restrictConditionalRequests(app);
  app.use((req, res) => {
    requestLog.begin(req, res);
    setSecurityHeaders(res);
    answer(req, res).catch((thrown) => refuse(thrown, req, res));
  });
  // Errors that Express itself throws, which it would answer with a page of HTML.
  app.use(((thrown, req, res, _next) => refuse(thrown, req, res)) satisfies ErrorRequestHandler);
  return { app, table };

  async function answer(req: Request, res: Response): Promise<void> {
    requireReadableTarget(req);
    requireValidHeaders(req);
    const route = find(req, res);
    if (route === undefined) return;
    const sent = {
      params: req.params,
      query: req.query,
      body: async (body: Body) => {
        if (waitsForContinue(req)) res.writeContinue();
        return readBody(req, body);
      },
    };
    const exchange = exchangeOf(req, res, async (id, input, exchangeFor) => {
      const performed = routeOf(id);
      const answer = await run(performed, input, exchangeFor(performed.method), req, res);
      return { answer, isChange: performed.method !== 'GET' };
    });
    await sendAnswer(req, res, await run(route, sent, exchange, req, res), sendPage);
  }

  /** Answers by a route, once its guards have let the request through. */
  async function run(
    route: MountedRoute,
    sent: RouteInput,
    exchange: Exchange,
    req: Request,
    res: Response,
  ): Promise<Answer> {
    await requireQuota(route, req, res);
    const caller = await route.authenticate(exchange);
    const params = route.params && parsePath(route.params, sent.params);
    const query = route.query && parse(route.query, sent.query);
    const body = route.body?.parse(await sent.body(route.body), route.checkFields);
    return route.handle(Object.assign(exchange, { params, query, body, caller }));
  }

  function routeOf(id: string): MountedRoute {
    const route = byId.get(id);
    if (route === undefined) throw new AppError('not_found');
    return route;
  }

  /**
   * The route of a request; undefined where it has been answered: a preflight, or OPTIONS with the methods there are.
   * @throws AppError not_found, method_not_allowed, invalid_request
   */
  function find(req: Request, res: Response): MountedRoute | undefined {
    if (req.method === 'OPTIONS' && req.url === '*') {
      // About the service as a whole (RFC 9110 section 9.3.7).
      req.route = { path: '*' };
      res.status(204).set('Allow', table.allow).end();
      return undefined;
    }
    const match = table.match(req.method, pathOf(req.url));
    if (match === undefined) {
      // A gateway that calls a path which is not there must not take a preflight's 204 for a permission.
      if (!isPreflight(req)) crossOrigin?.(req, res);
      throw new AppError('not_found');
    }
    // A gateway calls with the method of the request that it holds, which may be a preflight, and lets it pass on any 2xx.
    // So its route is not for pages, and OPTIONS needs a token there as every other method does. Nor may pages of other
    // origins read those of this service.
    const { pattern, route, allow } = match;
    const isForOrigins = route?.method !== 'ANY' && route?.isPage !== true;
    if (isForOrigins && crossOrigin?.(req, res)) return undefined;
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
    const policy = addressPolicyOf(route, req);
    if (policy !== undefined) await limit(res, policy, networkOf(req.ip));
  }
}

/** Whether the client waits to be told that its body is wanted (RFC 9110 section 10.1.1). */
function waitsForContinue({ headers }: Request): boolean {
  return headers.expect?.toLowerCase() === '100-continue';
}

/** @throws AppError the code `unknown` of the first parameter that cannot name anything */
function parsePath({ schema, unknown }: PathParameters, params: unknown): unknown {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const [parameter = ''] = parsed.error.issues[0]?.path ?? [];
  throw new AppError(typeof unknown === 'string' ? unknown : (unknown[String(parameter)] ?? 'not_found'));
}

/**
 * Keeps Express from answering 304: for If-None-Match: * it would do so without looking, and a gateway that is answered
 * 304 has no claims. Only what caches may keep has an ETag.
 */
function restrictConditionalRequests(app: App): void {
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
