import type { AuditEntry } from '../../core/audit/audit.ts';
import type { Revocation } from '../../core/revocation/revocation.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { CoreStores } from '../../core/stores.ts';

/** Ends all sessions and older resets, and forgets all wrong passwords: the password has been replaced. */
export async function endAccessWithin(
  stores: CoreStores,
  sessions: Pick<Sessions, 'revokeWithin'>,
  entry: AuditEntry,
  userId: string,
  at: Date,
): Promise<Revocation[]> {
  await stores.challenges.endAll(userId, ['password_reset']);
  await stores.loginFailures.clearPasswords(userId);
  await stores.audit.append(entry, at);
  return sessions.revokeWithin(stores, { userId }, 'password_changed');
}
