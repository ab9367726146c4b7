import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import type { PageProblem } from '../../core/pages.ts';

/** What went wrong on another page or at a provider, by the code in the URL; undefined for a code that is not ours. */
export function problemOf(code = ''): PageProblem | undefined {
  return Object.hasOwn(ERRORS, code) ? { code: code as ErrorCode, fields: [] } : undefined;
}
