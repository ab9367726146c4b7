/** A version is a time that always rises, however the clocks of several processes differ. */
export function laterThan(version: Date | null, at: Date): Date {
  return version === null || version < at ? at : new Date(version.getTime() + 1);
}
