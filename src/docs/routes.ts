import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import type { OpenApiDocument } from '../http/openapi.ts';
import { ERRORS_PAGE, SWAGGER_PAGE, SWAGGER_START } from './pages.ts';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The files of Swagger UI that the page loads; the package holds many more. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/** Swagger UI writes style attributes and inline images; scripts come from this server alone. */
const documentPolicy: RequestHandler = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    frameAncestors: ["'none'"],
  },
});

export function docsRoutes(document: OpenApiDocument): Router {
  const router = Router();

  router.get('/openapi.json', (_req, res) => {
    res.json(document);
  });

  router.get('/docs', documentPolicy, (req, res) => {
    // The page names its files relative to /docs without a slash, so that it works under any path prefix.
    if (req.path.endsWith('/')) res.redirect(308, '../docs');
    else res.type('html').send(SWAGGER_PAGE);
  });

  router.get('/docs/errors', documentPolicy, (_req, res) => {
    res.type('html').send(ERRORS_PAGE);
  });

  return router;
}

/** What the page loads: no part of the API, so not in its document. */
export function docsFiles(): Router {
  const router = Router();

  router.get('/docs/start.js', (_req, res) => {
    res.type('js').send(SWAGGER_START);
  });

  for (const asset of ASSETS) {
    router.get(`/docs/${asset}`, (_req, res) => {
      res.removeHeader('Cache-Control');
      res.sendFile(asset, { root: SWAGGER_UI, maxAge: '1 day', acceptRanges: false });
    });
  }

  return router;
}
