import type { Exchange } from './exchange.ts';
import type { Answer, Input, Route, RouteDescription } from './route.ts';

/** A route with the services that it is handled with: what the pipeline runs. */
export interface MountedRoute extends RouteDescription {
  readonly authenticate: (exchange: Exchange) => Promise<unknown> | unknown;
  readonly handle: (input: AnyInput) => Promise<Answer> | Answer;
}

type AnyInput = Input<unknown, unknown, unknown, unknown>;

/** Gives routes their services. */
export function mount<Services>(routes: readonly Route<Services>[], services: Services): MountedRoute[] {
  return routes.map((route) => ({
    ...route,
    authenticate: (exchange) => route.access.authenticate(exchange, services as never),
    // What it takes and what it is given are of the same description, which no type of a list of routes can say.
    handle: (input) => route.handle(input as never, services),
  }));
}
