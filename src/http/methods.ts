import { type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import type { OpenApiDocument } from './openapi.ts';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/**
 * Lets pass what some route of the document takes, answers OPTIONS with 204 and Allow, refuses other methods with 405
 * and Allow, and other paths with 404. Comes before bodies are read: whether there is something at a path does not
 * depend on what was sent there.
 */
export function onlyDocumented(document: OpenApiDocument): Router {
  const router = Router();
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    const methods = METHODS.filter((method) => method in operations).map((method) => method.toUpperCase());
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), onlyMethods(methods));
  }
  router.use(() => {
    throw new AppError('not_found');
  });
  return router;
}

function onlyMethods(methods: readonly string[]): RequestHandler {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])];
  const allow = [...allowed, 'OPTIONS'].join(', ');
  return (req, res, next) => {
    if (allowed.includes(req.method)) next('router');
    else if (req.method === 'OPTIONS') res.status(204).set('Allow', allow).end();
    else throw new AppError('method_not_allowed', undefined, { headers: { Allow: allow } });
  };
}
