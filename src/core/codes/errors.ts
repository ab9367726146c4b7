import type { ErrorCode } from '../errors.ts';

/** The codes with which a code that was typed may be refused, besides those of a limit. */
export const CODE_ERRORS: readonly ErrorCode[] = [
  'invalid_code',
  'code_expired',
  'code_replaced',
  'code_used',
  'too_many_tries',
];

/** The codes with which the token of a link may be refused. */
export const LINK_ERRORS: readonly ErrorCode[] = [
  'invalid_link',
  'code_expired',
  'code_replaced',
  'code_used',
];
