import { z } from 'zod';
import { json, type Paths, refusals } from '../../http/openapi.ts';

const TAGS = ['Documentation'];
const UNCHANGED = { 304: { description: 'It is what the ETag in If-None-Match names' } };
const HTML = { content: { 'text/html': { schema: z.string() } } };

export const docsPaths: Paths = {
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      tags: TAGS,
      summary: 'This document',
      responses: {
        200: { description: 'OpenAPI 3.1', ...json(z.looseObject({})) },
        ...UNCHANGED,
        ...refusals(),
      },
    },
  },
  '/docs': {
    get: {
      operationId: 'docs',
      tags: TAGS,
      summary: 'This document as a page to try things on',
      responses: { 200: { description: 'Swagger UI', ...HTML }, ...UNCHANGED, ...refusals() },
    },
  },
  '/docs/errors': {
    get: {
      operationId: 'errors',
      tags: TAGS,
      summary: 'What each error code means',
      responses: { 200: { description: 'One section a code', ...HTML }, ...UNCHANGED, ...refusals() },
    },
  },
};
