import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { createFixedContent } from '../../http/fixed-content.ts';
import type { OpenApiDocument } from '../../http/openapi.ts';
import type { Route } from '../../http/route.ts';
import { ERRORS_PAGE, SWAGGER_PAGE, SWAGGER_START } from './pages.ts';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** May be kept, and asked about at each use: another version of the service has others. */
const REVALIDATED = 'no-cache';
const FOR_A_DAY = 'public, max-age=86400';

type Handler = Route['handle'];

const sendSwaggerPage = createFixedContent(SWAGGER_PAGE, {
  mediaType: 'text/html',
  cacheControl: REVALIDATED,
});
const sendErrorsPage = createFixedContent(ERRORS_PAGE, { mediaType: 'text/html', cacheControl: REVALIDATED });
const sendStart = createFixedContent(SWAGGER_START, {
  mediaType: 'text/javascript',
  cacheControl: REVALIDATED,
});
/** The files of Swagger UI that the page loads; the package holds many more. */
const sendStyle = createFixedContent(readFileSync(join(SWAGGER_UI, 'swagger-ui.css')), {
  mediaType: 'text/css',
  cacheControl: FOR_A_DAY,
});
const sendScript = createFixedContent(readFileSync(join(SWAGGER_UI, 'swagger-ui-bundle.js')), {
  mediaType: 'text/javascript',
  cacheControl: FOR_A_DAY,
});

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
  const sendDocument = createFixedContent(JSON.stringify(document), {
    mediaType: 'application/json',
    cacheControl: REVALIDATED,
  });
  return [
    fixedRoute('/openapi.json', sendDocument),
    fixedRoute('/docs', (req, res) => {
      // The page names its files relative to /docs without a slash, so that it works under any path prefix.
      if (req.path.endsWith('/')) res.redirect(308, '../docs');
      else return asPage(sendSwaggerPage)(req, res);
    }),
    fixedRoute('/docs/errors', asPage(sendErrorsPage)),
    fixedRoute('/docs/start.js', sendStart),
    fixedRoute('/docs/swagger-ui.css', sendStyle),
    fixedRoute('/docs/swagger-ui-bundle.js', sendScript),
  ];
}

function fixedRoute(path: string, handle: Handler): Route {
  return { method: 'GET', path, access: 'public', cacheable: true, handle };
}

function asPage(send: Handler): Handler {
  return (req, res) => {
    documentPolicy(req, res, () => {});
    return send(req, res);
  };
}
