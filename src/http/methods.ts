import { type RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import type { OpenApiDocument } from './openapi.ts';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/**
 * Answers OPTIONS with 204 and Allow. Comes before the routes, since each Express router would answer with a text of
 * its own. Like `unmatched` it knows the paths from the document, which lists every route.
 */
export function answerOptions(document: OpenApiDocument): Router {
  const router = Router();
  for (const { path, allow } of allowedMethods(document)) {
    router.options(path, (_req, res) => {
      res.status(204).set('Allow', allow).end();
    });
  }
  return router;
}

/** What is left when no route has answered: 405 with Allow on a path of the document, 404 elsewhere. */
export function unmatched(document: OpenApiDocument): Router {
  const router = Router();
  for (const { path, allow } of allowedMethods(document)) router.all(path, refuseMethod(allow));
  router.use(() => {
    throw new AppError('not_found');
  });
  return router;
}

function allowedMethods(document: OpenApiDocument): { path: string; allow: string }[] {
  return Object.entries(document.paths ?? {}).map(([path, operations]) => {
    const methods = METHODS.filter((method) => method in operations).map((method) => method.toUpperCase());
    const implied = [...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
    return { path: path.replaceAll(/\{(\w+)\}/g, ':$1'), allow: [...methods, ...implied].join(', ') };
  });
}

function refuseMethod(allow: string): RequestHandler {
  return () => {
    throw new AppError('method_not_allowed', undefined, { headers: { Allow: allow } });
  };
}
