import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
} from '../http/openapi.ts';
import { ActivityQuery, AuditQuery, EventsAnswer } from './schemas.ts';

const TAGS = ['Audit'];

export const auditPaths: Paths = {
  '/admin/audit': {
    get: {
      operationId: 'searchAudit',
      tags: TAGS,
      summary: 'Search for who did what',
      description: 'Needs the permission audit:read.',
      security: BEARER_SECURITY,
      requestParams: { query: AuditQuery },
      responses: {
        200: { description: 'The events, the latest first', ...json(EventsAnswer) },
        ...refusals(...TOKEN_REFUSALS, ...BODY_REFUSALS, 'insufficient_scope'),
      },
    },
  },
  '/me/activity': {
    get: {
      operationId: 'listActivity',
      tags: TAGS,
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
