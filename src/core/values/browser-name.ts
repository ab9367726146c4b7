/** The first match counts: a browser also names those below it. */
const BROWSERS: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|HeadlessChrome|CriOS)\//, 'Chrome'],
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

/** What a User-Agent says, for people to recognize; null for what it does not. */
export interface BrowserNames {
  /** A browser, or the name of another program. */
  readonly browser: string | null;
  readonly system: string | null;
}

/**
 * The browser and the system that a User-Agent names. Of another program only the name: its user has written all of it, and
 * so could write to the owner of an account in the name of this service.
 */
export function browserNamesIn(userAgent: string | null): BrowserNames {
  const nameIn = (table: typeof BROWSERS) => table.find(([mark]) => mark.test(userAgent ?? ''))?.[1] ?? null;
  const browser = nameIn(BROWSERS);
  if (browser === null) return { browser: PROGRAM.exec(userAgent ?? '')?.[0] ?? null, system: null };
  return { browser, system: nameIn(SYSTEMS) };
}

/** The same in English. */
export function browserNameOf(userAgent: string | null): string {
  const { browser, system } = browserNamesIn(userAgent);
  if (browser === null) return UNKNOWN;
  return system === null ? browser : `${browser} on ${system}`;
}
