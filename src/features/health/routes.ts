import { z } from 'zod';
import { anyone } from '../../http/access.ts';
import { ok } from '../../http/answer.ts';
import { routesWith } from '../../http/route.ts';
import type { Tag } from '../../http/tags.ts';
import type { Readiness } from './readiness.ts';

const Up = z.strictObject({ status: z.literal('ok') });
const Ready = Up.extend({ revocations: z.enum(['followed', 'stale']) });

const route = routesWith<{ readonly readiness: Readiness }>();

const OPERATION: Tag = {
  name: 'Operation',
  description: 'What orchestrators and balancers ask',
};

export const healthRoutes = [
  route({
    id: 'healthz',
    method: 'GET',
    path: '/healthz',
    tag: OPERATION,
    summary: 'Whether the process is up',
    access: anyone(),
    answers: { 200: { description: 'The process is up', schema: Up } },
    handle: () => ok({ status: 'ok' as const }),
  }),

  route({
    id: 'readyz',
    method: 'GET',
    path: '/readyz',
    tag: OPERATION,
    summary:
      'Whether the service can take traffic: its database answers within a second, with a current schema, and takes writes',
    access: anyone(),
    answers: { 200: { description: 'The service can take traffic', schema: Ready } },
    refuses: ['database_unavailable', 'revocations_stale', 'not_ready'],
    async handle(_input, { readiness }) {
      return ok({ status: 'ok' as const, revocations: await readiness.check() });
    },
  }),
];
