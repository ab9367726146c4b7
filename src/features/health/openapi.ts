import { z } from 'zod';
import { json, type Paths, refusals } from '../../http/openapi.ts';

const TAGS = ['Operation'];
const Up = z.strictObject({ status: z.literal('ok') });
const Ready = Up.extend({ revocations: z.enum(['followed', 'stale']) });

export const healthPaths: Paths = {
  '/healthz': {
    get: {
      operationId: 'healthz',
      tags: TAGS,
      summary: 'Whether the process is up',
      responses: { 200: { description: 'It is', ...json(Up) }, ...refusals() },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      tags: TAGS,
      summary:
        'Whether the service can take traffic: its database answers within a second, with a current schema, and takes writes',
      responses: {
        200: { description: 'It can', ...json(Ready) },
        ...refusals('database_unavailable', 'revocations_stale', 'not_ready'),
      },
    },
  },
};
