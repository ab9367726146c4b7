/** Whether pages of an origin may call the service. */
export type AllowedOrigins = (origin: string) => boolean;

/** Of any port, by the names under which a browser reaches its own host. */
const LOCALHOST = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;
const ANY_LABEL = '*';
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The origins of the list, letter by letter. `https://*.example.com` stands for one label there, as in a certificate:
 * neither for example.com nor for a.b.example.com. `null`, the origin of sandboxed pages and of files, is never one.
 */
export function createAllowedOrigins(listed: readonly string[], localhost: boolean): AllowedOrigins {
  const exact = new Set(listed.filter((origin) => !origin.includes(ANY_LABEL)));
  const patterns = listed
    .filter((origin) => origin.includes(ANY_LABEL))
    .map((origin) => origin.split(ANY_LABEL) as [before: string, after: string]);

  function matches(origin: string): boolean {
    return patterns.some(
      ([before, after]) =>
        origin.startsWith(before) &&
        origin.endsWith(after) &&
        LABEL.test(origin.slice(before.length, origin.length - after.length)),
    );
  }

  return (origin) => exact.has(origin) || matches(origin) || (localhost && LOCALHOST.test(origin));
}
