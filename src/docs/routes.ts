import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import type { OpenApiDocument } from '../http/openapi.ts';
import type { Route } from '../http/route.ts';
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

/** The pages, and what they load: that is no part of the API, so not in its document. */
export function docsRoutes(document: OpenApiDocument): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/openapi.json',
      access: 'public',
      handle(_req, res) {
        res.json(document);
      },
    },
    {
      method: 'GET',
      path: '/docs',
      access: 'public',
      handle(req, res) {
        // The page names its files relative to /docs without a slash, so that it works under any path prefix.
        if (req.path.endsWith('/')) res.redirect(308, '../docs');
        else sendPage(res, SWAGGER_PAGE);
      },
    },
    {
      method: 'GET',
      path: '/docs/errors',
      access: 'public',
      handle(_req, res) {
        sendPage(res, ERRORS_PAGE);
      },
    },
    {
      method: 'GET',
      path: '/docs/start.js',
      access: 'public',
      handle(_req, res) {
        res.type('js').send(SWAGGER_START);
      },
    },
    ...ASSETS.map(assetRoute),
  ];
}

function assetRoute(asset: string): Route {
  return {
    method: 'GET',
    path: `/docs/${asset}`,
    access: 'public',
    cacheable: true,
    handle(_req, res) {
      res.removeHeader('Cache-Control');
      res.sendFile(asset, { root: SWAGGER_UI, maxAge: '1 day', acceptRanges: false });
    },
  };
}

function sendPage(res: Response, page: string): void {
  documentPolicy(res.req, res, () => res.type('html').send(page));
}
