import { z } from 'zod';
import { accessGrantShape } from '../../core/sessions/grant-view.ts';
import { cookieGrantShape } from '../../core/sign-in/login-view.ts';
import { Scope } from '../../core/values/fields.ts';

export const CsrfAnswer = z.strictObject(cookieGrantShape).meta({ id: 'CsrfAnswer' });

/** No body at all is an empty one. */
export const TokenBody = z
  .strictObject({
    scope: Scope.optional().meta({
      description: 'Narrows what the token allows; without it, all you may do',
    }),
  })
  .meta({ id: 'SessionToken', example: {} })
  .optional();

export const TokenAnswer = z
  .strictObject({
    ...accessGrantShape,
    scope: z.string().meta({ description: 'What it allows: permissions separated by spaces' }),
  })
  .meta({ id: 'SessionTokenAnswer' });
