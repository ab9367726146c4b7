import type { Core } from '../core/core.ts';
import type { Listeners } from '../core/events.ts';
import type { ClosedRoutes } from '../http/mount.ts';
import type { Route } from '../http/route.ts';

/** A capability: its routes, which are data, and the factory of its services. */
export interface Feature<Services = unknown> {
  readonly routes: readonly Route<Services>[];
  create(core: Core): Running<Services>;
}

/** A capability with its services. */
export interface Running<Services = unknown> {
  /** The services that its routes use. */
  readonly services: Services;
  /** Its routes that are not open in this configuration. */
  readonly closed?: ClosedRoutes;
  /** Tasks that run once a minute. */
  readonly housekeeping?: readonly (() => Promise<void>)[];
  /** Its reactions to events of other features. */
  readonly on?: Listeners;
  /** Stops its background work and flushes its notes. */
  readonly close?: () => Promise<void>;
}

/** Declares a feature: the compiler checks that it makes the services that its routes use. */
export function feature<Services>(definition: Feature<Services>): Feature {
  return definition as Feature;
}
