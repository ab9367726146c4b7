import type { Clock } from '../../core/clock.ts';
import { pageOf } from '../../core/values/paging.ts';
import type { AuditEvent, AuditFilter, AuditStores } from '../../core/audit/ports.ts';

/** Some events, the latest first, and the cursor of those before them; null where there are none. */
export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly nextCursor: string | null;
}

/** An event as the person it concerns may see it. */
export interface Activity extends AuditEvent {
  /** Whether somebody else did it, whose device is nobody's business. */
  readonly byOther: boolean;
}

export interface Paging {
  readonly limit: number;
  /** The id of the last event of the page before. */
  readonly cursor?: string | undefined;
}

export type Audit = ReturnType<typeof createAudit>;

/** Reads what the ledger has recorded. Writing is done by whoever changes something. */
export function createAudit({ ledger, apiKeys }: AuditStores) {
  async function search(filter: AuditFilter, { limit, cursor }: Paging): Promise<AuditPage> {
    return toPage(await ledger.list(filter, limit + 1, cursor), limit);
  }

  function toPage(found: readonly AuditEvent[], limit: number): AuditPage {
    const { items, nextCursor } = pageOf(found, limit, ({ id }) => id);
    return { events: items, nextCursor };
  }

  /** What a user has done, also by their API keys, and what was done to them. */
  async function activityOf(
    userId: string,
    { limit, cursor }: Paging,
  ): Promise<{ readonly events: readonly Activity[]; readonly nextCursor: string | null }> {
    const { events, nextCursor } = toPage(await ledger.listAbout(userId, limit + 1, cursor), limit);
    const keyIds = events.flatMap(({ actor }) => (actor.type === 'api_key' && actor.id ? [actor.id] : []));
    const own = new Set([userId, ...(await apiKeys.ownedAmong(userId, keyIds))]);
    return {
      events: events.map((event) => ({ ...event, byOther: isOther(event, own) })),
      nextCursor,
    };
  }

  return { search, activityOf };
}

/** Whoever failed to log in is nobody yet, and their address is what a person wants to see. */
function isOther({ actor }: AuditEvent, own: ReadonlySet<string>): boolean {
  return actor.type !== 'anonymous' && !own.has(actor.id ?? '');
}

/** Removes what was done longer ago than the ledger is to tell of. */
export function forgetOldEvents(
  { ledger }: Pick<AuditStores, 'ledger'>,
  clock: Pick<Clock, 'now'>,
  retentionDays: number,
): Promise<void> {
  return ledger.prune(new Date(clock.now() - retentionDays * 86_400_000));
}
