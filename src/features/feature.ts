import type { Core } from '../core/core.ts';
import type { Listeners } from '../core/events.ts';
import type { ClosedRoutes } from '../http/mount.ts';
import type { Route } from '../http/route.ts';

/** A capability: its routes, which are data, and what makes them work. */
export interface Feature<Services = unknown> {
  readonly routes: readonly Route<Services>[];
  create(core: Core): Running<Services>;
}

/** A capability at work. */
export interface Running<Services = unknown> {
  /** The services that its routes use. */
  readonly services: Services;
  /** Its routes that are not open in this configuration. */
  readonly closed?: ClosedRoutes;
  /** Tasks that run once a minute. */
  readonly housekeeping?: readonly (() => Promise<void>)[];
  /** Its reactions to events of other features. */
  readonly on?: Listeners;
  /** Ends what it runs, and writes down what it noted. */
  readonly close?: () => Promise<void>;
}

/** States a feature: the compiler checks that its routes are handled with the services it makes. */
export function feature<Services>(definition: Feature<Services>): Feature {
  return definition as Feature;
}
