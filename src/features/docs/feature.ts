import type { OpenApiDocument } from '../../http/openapi.ts';
import { type Feature, feature } from '../feature.ts';
import { docsRoutes, PAGES } from './routes.ts';

/** The OpenAPI document, and pages for people. `describe` makes the document, at the first request for it. */
export function docs(describe: () => Promise<OpenApiDocument>): Feature {
  return feature({
    routes: docsRoutes(describe),
    create: ({ config: { docsEnabled } }) => ({
      services: undefined,
      ...(!docsEnabled && { closed: Object.fromEntries(PAGES.map((id) => [id, 'not_found'] as const)) }),
    }),
  });
}
