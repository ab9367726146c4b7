import { z } from 'zod';
import { ApiKeyView } from '../../core/api-keys/view.ts';
import { EventView } from '../../core/audit/view.ts';
import { TotpView } from '../../core/factors/view.ts';
import { IdentityView } from '../../core/identities/view.ts';
import { PasskeyView } from '../../core/passkeys/view.ts';
import { SessionView } from '../../core/sessions/view.ts';
import { UserView } from '../../core/users/view.ts';
import { NextCursor } from '../../core/values/paging.ts';

export const ExportAnswer = z
  .strictObject({
    exported_at: z.iso.datetime(),
    user: UserView,
    roles: z.array(z.string()).meta({ example: ['user'] }),
    sessions: z.array(SessionView),
    identities: z.array(IdentityView).meta({ description: 'The accounts at providers' }),
    authenticator_apps: z.array(TotpView).meta({ description: 'Their names, never their secrets' }),
    passkeys: z.array(PasskeyView),
    api_keys: z.array(ApiKeyView).meta({ description: 'Their names, never the keys themselves' }),
    activity: z.array(EventView).meta({ description: 'The latest first, at most 1,000' }),
    next_cursor: NextCursor.meta({
      description: 'For GET /me/activity, which has the earlier events; null where there are none',
    }),
  })
  .meta({ id: 'Export' });
