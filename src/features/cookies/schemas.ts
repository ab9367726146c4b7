import { z } from 'zod';
import { ChallengeId, EXAMPLE_TOKEN } from '../../core/codes/fields.ts';
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

/** No body at all is an empty one. */
export const CodeBody = z
  .strictObject({
    challenge_id: ChallengeId.optional().meta({
      description: 'A UUID that the app has made and keeps: then POST /login/exchange has to have the same',
    }),
  })
  .meta({ id: 'SessionCodeRequest' })
  .optional();

export const CodeAnswer = z
  .strictObject({
    code: z.string().meta({ description: 'For POST /login/exchange', example: EXAMPLE_TOKEN }),
  })
  .meta({ id: 'SessionCode' });
