import { z } from 'zod';
import { rememberedDevicesShape } from '../../core/factors/view.ts';
import { SessionsAnswer } from '../../core/sessions/view.ts';
import { wellFormedText } from '../../core/values/text.ts';

const RefreshToken = wellFormedText.meta({ example: 'REFRESH_TOKEN' });

export const RefreshBody = z
  .strictObject({ refresh_token: RefreshToken })
  .meta({ id: 'Refresh', example: { refresh_token: 'REFRESH_TOKEN' } });

/** No body at all is an empty one. */
export const LogoutBody = z
  .strictObject({ refresh_token: RefreshToken.optional() })
  .meta({ id: 'Logout', example: {} })
  .optional();

export const LogoutQuery = z.strictObject({
  scope: z
    .enum(['local', 'others', 'global'])
    .default('local')
    .meta({ description: 'This session, all others of the user, or all' }),
});

export const OwnSessionsAnswer = SessionsAnswer.extend(rememberedDevicesShape);
