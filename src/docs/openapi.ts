import { z } from 'zod';
import { json, type Paths, refusals } from '../http/openapi.ts';

const TAGS = ['Documentation'];
const HTML = { content: { 'text/html': { schema: z.string() } } };

export const docsPaths: Paths = {
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      tags: TAGS,
      summary: 'This document',
      responses: { 200: { description: 'OpenAPI 3.1', ...json(z.looseObject({})) }, ...refusals() },
    },
  },
  '/docs': {
    get: {
      operationId: 'docs',
      tags: TAGS,
      summary: 'This document as a page to try things on',
      responses: { 200: { description: 'Swagger UI', ...HTML }, ...refusals() },
    },
  },
  '/docs/errors': {
    get: {
      operationId: 'errors',
      tags: TAGS,
      summary: 'What each error code means',
      responses: { 200: { description: 'One section a code', ...HTML }, ...refusals() },
    },
  },
};
