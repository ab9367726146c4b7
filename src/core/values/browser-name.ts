/** The first match counts: a browser also names those below it. */
const BROWSERS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];
const UNKNOWN = 'unknown';
/** What a program calls itself: without dots and blanks, it can be no address to visit and no sentence. */
const PROGRAM = /^[A-Za-z][\w-]{0,29}(?=[/ ]|$)/;

/**
 * The browser and the system that a User-Agent names, for people to recognize. Of another program only the name: its
 * user has written all of it, and so could write to the owner of an account in the name of this service.
 */
export function browserNameOf(userAgent: string | null): string {
  if (userAgent === null) return UNKNOWN;
  const nameIn = (table: typeof BROWSERS) => table.find(([mark]) => mark.test(userAgent))?.[1];
  const browser = nameIn(BROWSERS);
  const system = nameIn(SYSTEMS);
  if (browser === undefined) return PROGRAM.exec(userAgent)?.[0] ?? UNKNOWN;
  return system === undefined ? browser : `${browser} on ${system}`;
}
