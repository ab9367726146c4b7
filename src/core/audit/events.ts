import type { CoreStores } from '../stores.ts';
import { pageOf } from '../values/paging.ts';
import type { AuditEvent, AuditFilter } from './audit.ts';

/** An event as the user it concerns may see it. */
export interface Activity extends AuditEvent {
  /** Whether it was done by another, whose device is private. */
  readonly byOther: boolean;
}

/** Some events, the latest first, and the cursor of those before them; null where there are none. */
interface Page<Event> {
  readonly events: readonly Event[];
  readonly nextCursor: string | null;
}

interface Paging {
  readonly limit: number;
  /** The id of the last event of the page before. */
  readonly cursor?: string | undefined;
}

export type AuditEvents = ReturnType<typeof createAuditEvents>;

/** Reads what the audit log has recorded. It is written by what changes something, in the same transaction. */
export function createAuditEvents({ audit, apiKeys }: Pick<CoreStores, 'audit' | 'apiKeys'>) {
  async function search(filter: AuditFilter, { limit, cursor }: Paging): Promise<Page<AuditEvent>> {
    return toPage(await audit.list(filter, limit + 1, cursor), limit);
  }

  /** What a user has done, also by their API keys, and what was done to them. */
  async function activityOf(userId: string, { limit, cursor }: Paging): Promise<Page<Activity>> {
    const { events, nextCursor } = toPage(await audit.listAbout(userId, limit + 1, cursor), limit);
    const keyIds = events.flatMap(({ actor }) => (actor.type === 'api_key' && actor.id ? [actor.id] : []));
    const own = new Set([userId, ...(await apiKeys.ownedAmong(userId, keyIds))]);
    return { events: events.map((event) => ({ ...event, byOther: isByOther(event, own) })), nextCursor };
  }

  return { search, activityOf };
}

function toPage(found: readonly AuditEvent[], limit: number): Page<AuditEvent> {
  const { items, nextCursor } = pageOf(found, limit, ({ id }) => id);
  return { events: items, nextCursor };
}

/** A failed sign-in has no user yet, and its address is what the owner of the account wants to see. */
function isByOther({ actor }: AuditEvent, own: ReadonlySet<string>): boolean {
  return actor.type !== 'anonymous' && !own.has(actor.id ?? '');
}
