import { AppError, type ErrorCode } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { FieldCheck } from './parse.ts';
import type { Input, Route, RouteDescription } from './route.ts';

/** A route with the services of its handler, as the pipeline runs it. */
export interface MountedRoute extends RouteDescription {
  readonly authenticate: (exchange: Exchange) => Promise<unknown> | unknown;
  readonly checkFields?: FieldCheck<unknown>;
  readonly handle: (input: AnyInput) => Promise<Answer> | Answer;
}

type AnyInput = Input<unknown, unknown, unknown, unknown>;

/** Routes that the configuration has closed, by their ids, and what they refuse with; `not_found` as if they were not there. */
export type ClosedRoutes = Readonly<Record<string, ErrorCode>>;

/** Gives routes their services. */
export function mount<Services>(
  routes: readonly Route<Services>[],
  services: Services,
  closed: ClosedRoutes = {},
): MountedRoute[] {
  return routes.filter(({ id }) => closed[id] !== 'not_found').map(mountOne);

  function mountOne(route: Route<Services>): MountedRoute {
    const mounted: MountedRoute = {
      ...route,
      authenticate: (exchange) => route.access.authenticate(exchange, services as never),
      // Handler and input come from the same description, which no type of a list of routes can express.
      checkFields: (fields) => route.checkFields?.(fields as never, services) ?? [],
      handle: (input) => route.handle(input as never, services),
    };
    const code = closed[route.id];
    return code === undefined ? mounted : { ...mounted, hashes: false, authenticate: () => refuse(code) };
  }
}

function refuse(code: ErrorCode): never {
  throw new AppError(code);
}
