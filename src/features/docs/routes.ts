import { z } from 'zod';
import { anyone } from '../../http/access.ts';
import type { OpenApiDocument } from '../../http/openapi.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import { lazyContent, swaggerFile } from './content.ts';

/** Caches may keep it, and revalidate it at each use: another version of the service has another. */
const REVALIDATED = 'no-cache';
const FOR_A_DAY = 'public, max-age=86400';

/** Swagger UI writes style attributes and inline images; scripts come from this server alone. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;frame-ancestors 'none'",
};

/** The ids of what DOCS=off closes: the pages with all that they load. */
export const PAGES: readonly string[] = [
  'docs',
  'errors',
  'start.js',
  'pages.css',
  'swagger-ui.css',
  'swagger-ui-bundle.js',
];

const UNCHANGED = 'It is what the ETag in If-None-Match names';

const route = routesWith<undefined>();

const DOCUMENTATION: Tag = {
  name: 'Documentation',
  description: 'This document, and pages for people',
};
const pages = () => import('./pages.ts');

export function docsRoutes(describe: () => Promise<OpenApiDocument>) {
  return [
    documented({
      id: 'openapi',
      path: '/openapi.json',
      summary: 'The OpenAPI 3.1 document of this service',
      description: 'OpenAPI 3.1',
      mediaType: 'application/json',
      schema: z.looseObject({}),
      load: async () => JSON.stringify(await describe()),
    }),
    documented({
      id: 'docs',
      path: '/docs',
      summary: 'The OpenAPI document as an interactive page',
      description: 'Swagger UI',
      load: async () => (await pages()).SWAGGER_PAGE,
    }),
    documented({
      id: 'errors',
      path: '/docs/errors',
      summary: 'What each error code means',
      description: 'One section a code, by topic',
      load: async () => (await pages()).ERRORS_PAGE,
    }),
    asset('start.js', 'text/javascript', REVALIDATED, async () => (await pages()).SWAGGER_START),
    asset('pages.css', 'text/css', REVALIDATED, async () => (await pages()).STYLE),
    asset('swagger-ui.css', 'text/css', FOR_A_DAY, () => swaggerFile('swagger-ui.css')),
    asset('swagger-ui-bundle.js', 'text/javascript', FOR_A_DAY, () => swaggerFile('swagger-ui-bundle.js')),
  ];
}

interface Documented {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  /** A page, unless this says otherwise. */
  readonly mediaType?: string;
  readonly schema?: z.ZodType;
  readonly load: () => Promise<string>;
}

function documented({
  load,
  description,
  mediaType = 'text/html',
  schema = z.string(),
  ...rest
}: Documented) {
  const content = lazyContent(load, { mediaType, cacheControl: REVALIDATED });
  const headers = mediaType === 'text/html' ? PAGE_HEADERS : {};
  return route({
    ...rest,
    method: 'GET',
    tag: DOCUMENTATION,
    access: anyone(),
    cacheable: true,
    answers: { 200: { description, mediaType, schema }, 304: UNCHANGED },
    handle: () => ({ status: 200 as const, headers, content }),
  });
}

/** Assets of the pages: no part of the API. */
function asset(name: string, mediaType: string, cacheControl: string, load: () => Promise<string | Buffer>) {
  const content = lazyContent(load, { mediaType, cacheControl });
  return route({
    id: name,
    method: 'GET',
    path: `/docs/${name}`,
    access: anyone(),
    cacheable: true,
    answers: { 200: { description: name, mediaType, schema: z.string() } },
    handle: () => ({ status: 200 as const, content }),
  });
}
