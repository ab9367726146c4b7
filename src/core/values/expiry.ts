import type { FieldError } from '../errors.ts';

/** What is wrong with a time at which something ends by itself; null is never. */
export function expiryProblems(expiresAt: Date | null | undefined, at: Date): FieldError[] {
  if (!expiresAt || expiresAt > at) return [];
  return [{ pointer: '/expires_at', code: 'invalid_time', detail: 'Must be a time to come.' }];
}
