import { challenge } from '@latchkey/verifier/core';
import { AppError } from '../errors.ts';

/** The realm of every challenge of this service. */
export const REALM = 'latchkey';

/**
 * The error for a valid credential that lacks a permission (RFC 6750 section 3.1), or something that has no name there.
 */
export function insufficientScope(
  permission: string | undefined,
  detail = `This needs the permission ${permission}.`,
): AppError {
  const parameters = permission === undefined ? {} : { scope: permission };
  const headers = { 'WWW-Authenticate': challenge(REALM, 'insufficient_scope', parameters) };
  return new AppError('insufficient_scope', detail, { headers });
}
