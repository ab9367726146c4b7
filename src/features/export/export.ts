import type { z } from 'zod';
import { presentApiKey } from '../../core/api-keys/view.ts';
import { createAuditEvents } from '../../core/audit/events.ts';
import { presentActivity } from '../../core/audit/view.ts';
import type { Core } from '../../core/core.ts';
import { presentTotp } from '../../core/factors/view.ts';
import { presentIdentity } from '../../core/identities/view.ts';
import { presentPasskey } from '../../core/passkeys/view.ts';
import type { UserPrincipal } from '../../core/principal.ts';
import { presentSessions } from '../../core/sessions/view.ts';
import { requireActiveUser } from '../../core/users/active-user.ts';
import { presentUser } from '../../core/users/view.ts';
import type { ExportAnswer } from './schemas.ts';

export type ExportUser = ReturnType<typeof createExport>;

/** An event takes some 500 bytes, so an export stays below a megabyte. */
const MAX_EVENTS = 1_000;

/** Exports the data of a user (GDPR article 20): no hash and no secret. */
export function createExport({ store, sessions, clock }: Pick<Core, 'store' | 'sessions' | 'clock'>) {
  const events = createAuditEvents(store);

  /** @throws AppError token_revoked where the account was deleted or disabled since the token was checked */
  return async ({ userId, sessionId }: UserPrincipal): Promise<z.infer<typeof ExportAnswer>> => {
    const now = new Date(clock.now());
    const user = await requireActiveUser(store.users, userId);
    const roles = (await store.userRoles.rolesOf([userId])).get(userId) ?? [];
    const keys = await store.apiKeys.listLive(userId, now);
    const activity = await events.activityOf(userId, { limit: MAX_EVENTS });
    return {
      exported_at: now.toISOString(),
      ...presentUser(user),
      roles: [...roles],
      ...presentSessions(await sessions.list(userId), sessionId),
      identities: (await store.identities.list(userId)).map(presentIdentity),
      authenticator_apps: (await store.factors.listTotp(userId)).map(presentTotp),
      passkeys: (await store.passkeys.list(userId)).map(presentPasskey),
      api_keys: keys.map(presentApiKey),
      activity: activity.events.map(presentActivity),
      next_cursor: activity.nextCursor,
    };
  };
}
