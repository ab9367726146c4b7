import { type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import type { OpenApiDocument } from './openapi.ts';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/**
 * What is left when no route has answered: 405 with Allow on a path of the document (204 to OPTIONS), 404 elsewhere.
 * The document lists every route, so the two cannot differ.
 */
export function unmatched(document: OpenApiDocument): Router {
  const router = Router();
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    const methods = METHODS.filter((method) => method in operations).map((method) => method.toUpperCase());
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), refuseMethod(methods));
  }
  router.use(() => {
    throw new AppError('not_found');
  });
  return router;
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res) => {
    if (req.method !== 'OPTIONS')
      throw new AppError('method_not_allowed', undefined, { headers: { Allow: allow } });
    res.status(204).set('Allow', allow).end();
  };
}
