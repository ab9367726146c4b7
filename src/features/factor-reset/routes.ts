import { IdPath } from '../../core/values/fields.ts';
import { permission, stepUp } from '../../http/access.ts';
import { noContent } from '../../http/answer.ts';
import { routesWith } from '../../http/route.ts';
import { USER_ADMINISTRATION } from '../../http/tags.ts';
import type { FactorReset } from './reset.ts';

const route = routesWith<{ readonly resetFactors: FactorReset }>();

export const factorResetRoutes = [
  route({
    id: 'resetFactors',
    method: 'DELETE',
    path: '/admin/users/{id}/factors',
    tag: USER_ADMINISTRATION,
    summary: 'Remove the second factors of a user who has lost them',
    description:
      'Passkeys, recovery codes and remembered devices with them. The user is told by mail. Administrators remove their own as everyone does.',
    access: stepUp(permission('users:reset-factors')),
    params: { schema: IdPath, unknown: 'user_not_found' },
    answers: { 204: 'They are gone' },
    refuses: ['last_factor'],
    async handle({ params, caller }, { resetFactors }) {
      await resetFactors(params.id, caller);
      return noContent();
    },
  }),
];
