/**
 * Keeps the records of sessions that have a cookie, by the SHA-256 of the id in it: in Redis, or in the table of sessions.
 * Everything here throws AppError session_store_unavailable or database_unavailable where that cannot be asked.
 */
export interface CookieRecords {
  readonly insert: (key: string, record: string, ttlSeconds: number) => Promise<void>;
  readonly find: (key: string) => Promise<string | null>;
  /** Throws where it is already known that nothing can be kept. */
  readonly requireUp: () => void;
  /** False where it has been removed: a session that has ended never comes back. */
  readonly replace: (key: string, record: string, ttlSeconds: number) => Promise<boolean>;
  readonly remove: (key: string) => Promise<void>;
}
