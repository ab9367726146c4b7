import type { Request } from 'express';

/** Gateways put the path that they ask about behind the one that they ask at. */
const ANYTHING_BELOW = '{/*path}';

/** The pattern of the route that answered, or null where none did. Never the path as it was sent. */
export function routeOf(req: Request): string | null {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? path.replace(ANYTHING_BELOW, '') : null;
}
