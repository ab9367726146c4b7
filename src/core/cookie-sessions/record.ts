import { z } from 'zod';

/**
 * What is kept of a session that has a cookie: what its access token would say, under the same names. Times are in
 * seconds since 1970.
 */
export interface CookieRecord {
  readonly sub: string;
  readonly sid: string;
  readonly roles: readonly string[];
  readonly scope: string;
  readonly rv: readonly number[];
  readonly amr?: readonly string[] | undefined;
  readonly auth_time?: number | undefined;
  /** Whether the session is good for nothing but to set a second factor up. Then it has neither roles nor scope. */
  readonly enrolling?: boolean | undefined;
  /** When the rights were read; the session may rest for its idle time from then on. */
  readonly iat: number;
  /** When the browser was sent the cookie last; absent where that was at `iat`. */
  readonly sent?: number | undefined;
  /** When the session ends in any case. */
  readonly end: number;
}

/** Of the year 9999 at most: a time that no Date can have never comes, so such a session would never end. */
const Seconds = z.int().min(0).max(253_402_300_799);

const Stored = z.object({
  sub: z.string(),
  sid: z.string(),
  roles: z.array(z.string()).default([]),
  scope: z.string().default(''),
  rv: z.array(z.number()),
  amr: z.array(z.string()).optional(),
  auth_time: Seconds.optional(),
  enrolling: z.boolean().optional(),
  iat: Seconds,
  sent: Seconds.optional(),
  end: Seconds,
});

export function writeRecord(record: CookieRecord): string {
  const { scope, sent, ...rest } = record;
  return JSON.stringify({ ...rest, ...(scope && { scope }), ...(sent !== record.iat && { sent }) });
}

/** Null where the text is not what this service wrote. */
export function readRecord(text: string): CookieRecord | null {
  try {
    return Stored.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
