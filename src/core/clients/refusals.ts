import type { Logger } from 'pino';
import type { AuditStore } from '../audit/audit.store.ts';
import { entryOf } from '../audit/audit.ts';
import type { Clock } from '../clock.ts';
import { ANONYMOUS, type RequestOrigin } from '../principal.ts';

/** Failed authentications of clients: counted, and recorded together once a minute. */
export interface ClientRefusals {
  /** `claimedId` is null where there is no such client. */
  readonly note: (claimedId: string | null, origin: RequestOrigin) => void;
  /** Writes an entry for each client and network with failures. Never throws. */
  readonly flush: () => Promise<void>;
}

interface Noted {
  readonly claimedId: string | null;
  readonly origin: RequestOrigin;
  readonly count: number;
}

/** Entries per minute at most; attempts from further networks are counted in one entry that names none of them. */
const MAX_ENTRIES = 1_000;
const ALL_OTHERS: RequestOrigin = {
  userAgent: null,
  ip: null,
  network: '',
  requestId: null,
  clientRequestId: null,
};

/** An entry for each attempt would let people without an account fill the audit log: an invented client costs nothing. */
export function createClientRefusals(
  audit: Pick<AuditStore, 'appendMany'>,
  clock: Pick<Clock, 'now'>,
  logger: Logger,
  onRefused: () => void = () => {},
): ClientRefusals {
  let notes = new Map<string, Noted>();

  function add(claimedId: string | null, origin: RequestOrigin, count: number): void {
    const key = `${claimedId} ${origin.network}`;
    const known = notes.get(key);
    if (known === undefined && notes.size >= MAX_ENTRIES && origin !== ALL_OTHERS) {
      add(null, ALL_OTHERS, count);
    } else {
      notes.set(key, { claimedId, origin, count: count + (known?.count ?? 0) });
    }
  }

  async function flush(): Promise<void> {
    if (notes.size === 0) return;
    const written = notes;
    notes = new Map();
    const entries = [...written.values()].map(({ claimedId, origin, count }) =>
      entryOf(
        'client.refused',
        { actor: ANONYMOUS, origin, sessionId: null },
        claimedId,
        { count },
        'failure',
      ),
    );
    try {
      await audit.appendMany(entries, new Date(clock.now()));
    } catch (error) {
      for (const { claimedId, origin, count } of written.values()) add(claimedId, origin, count);
      logger.warn({ err: error }, 'could not write failed client authentications to the audit log');
    }
  }

  return {
    note(claimedId, origin) {
      onRefused();
      add(claimedId, origin, 1);
    },
    flush,
  };
}
