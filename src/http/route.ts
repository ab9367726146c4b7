import type { Request } from 'express';

/** The pattern of the route that answered, or null where none did. Never the path as it was sent. */
export function routeOf(req: Request): string | null {
  const path: unknown = req.route?.path;
  return typeof path === 'string' ? path : null;
}
