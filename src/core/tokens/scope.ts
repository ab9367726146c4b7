import { AppError } from '../errors.ts';

/** The longest claim `scope`: with it a token still fits into one header of any proxy. */
export const MAX_SCOPE_BYTES = 4096;

/**
 * To be called with all permissions that a role, or the roles of a user together, would have.
 * @throws AppError scope_too_large where a token could not carry them
 */
export function assertScopeFits(permissions: readonly string[]): void {
  const bytes = Buffer.byteLength([...new Set(permissions)].join(' '));
  if (bytes > MAX_SCOPE_BYTES) throw scopeTooLarge(`These permissions have ${bytes} bytes together`);
}

/** The error of `assertScopeFits`, for checks by other means. */
export function scopeTooLarge(finding: string): AppError {
  return new AppError('scope_too_large', `${finding}; a token carries at most ${MAX_SCOPE_BYTES}.`);
}
