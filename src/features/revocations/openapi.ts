import {
  BEARER_SECURITY,
  BODY_REFUSALS,
  json,
  type Paths,
  refusals,
  TOKEN_REFUSALS,
  textHeader,
} from '../../http/openapi.ts';
import { FeedAnswer, FeedQuery } from './schemas.ts';

export const revocationPaths: Paths = {
  '/revocations': {
    get: {
      operationId: 'followRevocations',
      tags: ['Revocations'],
      summary: 'Follow what is revoked',
      description:
        'For services that verify tokens themselves; the package @latchkey/verifier does it for them. Needs the permission `revocations:read`. Without `after` it begins with all that is revoked at present.',
      security: BEARER_SECURITY,
      requestParams: { query: FeedQuery },
      responses: {
        200: {
          description: 'What has been revoked since',
          headers: {
            'Server-Timing': textHeader('For how many milliseconds the service waited: wait;dur=4998'),
          },
          ...json(FeedAnswer),
        },
        ...refusals(...TOKEN_REFUSALS, ...BODY_REFUSALS, 'insufficient_scope', 'cursor_too_old'),
      },
    },
  },
};
