import type { PageOptions, Site } from './client-page.ts';

/** Latchkey by another name: a service of its own to the client, with the same routes. */
export const otherService = (site: Site) => site.latchkeyUrl().replace('auth.', 'api.');

/** The ways in which a page may keep its session, and what it calls then. */
export const TRANSPORTS = [
  { title: 'tokens in memory', options: { transport: 'token' }, called: (site: Site) => site.latchkeyUrl() },
  {
    title: 'tokens in localStorage',
    options: { transport: 'token', storage: 'localStorage' },
    called: (site: Site) => site.latchkeyUrl(),
  },
  { title: 'a cookie, calling another service', options: { transport: 'cookie' }, called: otherService },
] as const satisfies readonly {
  readonly title: string;
  readonly options: PageOptions;
  readonly called: (site: Site) => string;
}[];

/** The options of a page that calls that service. */
export const withService = (site: Site, options: PageOptions): PageOptions => ({
  ...options,
  origins: [new URL(otherService(site)).origin],
});
