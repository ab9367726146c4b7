/** Checks of options: JavaScript may hand anything over, and a check that is skipped in silence is worse than none. */
export function createChecks(of: string) {
  function assertOption(condition: boolean, message: string): void {
    if (!condition) throw new TypeError(`${of}: ${message}`);
  }

  /** A misspelled option would have no effect, and a member that is there and undefined has been forgotten elsewhere. */
  function requireMembers(options: object, name: string, known: readonly string[]): void {
    const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
    assertOption(isObject, `${name} must be an object`);
    for (const [key, value] of Object.entries(options)) {
      assertOption(known.includes(key), `${key} is not a member of ${name}, which are ${known.join(', ')}`);
      assertOption(value !== undefined, `${key} is undefined`);
    }
  }

  function requireText(value: unknown, name: string): string {
    assertOption(typeof value === 'string' && value !== '', `${name} must be a text that is not empty`);
    return value as string;
  }

  function requireWithin(value: unknown, least: number, most: number, name: string): number {
    const isWithin = typeof value === 'number' && value >= least && value <= most;
    assertOption(isWithin, `${name} must be a number from ${least} to ${most}`);
    return value as number;
  }

  return { assertOption, requireMembers, requireText, requireWithin };
}
