import type { SessionStore } from '../sessions/sessions.store.ts';
import type { CookieRecords } from './records.ts';

/** Keeps records in the rows of their sessions, where there is no Redis. What has ended is no longer found. */
export function createTableRecords(
  sessions: Pick<SessionStore, 'findRecord' | 'writeRecord'>,
): CookieRecords {
  return {
    // A sign-in asks the database anyway.
    requireUp: () => {},
    async insert(key, record) {
      await sessions.writeRecord(key, record);
    },
    find: sessions.findRecord,
    replace: sessions.writeRecord,
    // The row says that it has ended.
    remove: async () => {},
  };
}
