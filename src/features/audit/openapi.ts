import {
  administration,
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../../http/openapi.ts';
import { ActivityQuery, AuditQuery, EventsAnswer } from './schemas.ts';

const TAG = 'Audit';

export const auditPaths: Paths = {
  '/admin/audit': {
    get: {
      ...administration({
        operationId: 'searchAudit',
        tag: TAG,
        permission: 'audit:read',
        summary: 'Search for who did what',
        answers: { 200: { description: 'The events, the latest first', ...json(EventsAnswer) } },
      }),
      requestParams: { query: AuditQuery },
    },
  },
  '/me/activity': {
    get: {
      operationId: 'listActivity',
      tags: [TAG],
      summary: 'List what you did and what was done to your account',
      security: BEARER_SECURITY,
      requestParams: { query: ActivityQuery },
      responses: {
        200: {
          description: 'The events, the latest first, without the devices of other people',
          ...json(EventsAnswer),
        },
        ...refusals(...TOKEN_REFUSALS, ...BODY_REFUSALS, 'user_required'),
      },
    },
  },
};
