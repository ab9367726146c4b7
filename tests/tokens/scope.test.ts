import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/core/errors.ts';
import { assertScopeFits } from '../../src/core/tokens/scope.ts';

/** As many permissions as have `bytes` together, with a space between two of them. */
function permissionsOf(bytes: number): string[] {
  const first = `a:${'b'.repeat(61)}`;
  return [first, `c:${'d'.repeat(bytes - first.length - 3)}`];
}

describe('The permissions of a token', () => {
  it.each([[[]], [['users:read']], [permissionsOf(4095)], [permissionsOf(4096)]])(
    'fit up to 4096 bytes',
    (permissions) => {
      expect(() => assertScopeFits(permissions)).not.toThrow();
    },
  );

  it('fit however often one of them is named', () => {
    expect(() => assertScopeFits(Array<string>(2000).fill('users:read'))).not.toThrow();
  });

  it('do not fit with a byte more, and the refusal says how many there are', () => {
    expect(() => assertScopeFits(permissionsOf(4097))).toThrow(/^scope_too_large: .* 4097 bytes .* 4096\.$/);
  });

  it('are counted by their bytes, not by their characters', () => {
    expect(() => assertScopeFits(['ü'.repeat(2049)])).toThrow(AppError);
  });
});
