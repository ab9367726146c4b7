import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ask, type Site } from './client-page.ts';

const PARALLEL = 20;
const LIFETIME_SECONDS = 900;

/** So many times the access token of these tabs expires, and all of them have many requests at that moment. */
export async function renewTogether(
  site: Site,
  tabs: readonly Page[],
  url: string,
  rounds: number,
): Promise<void> {
  await Promise.all(tabs.map((tab) => ask(tab, url)));
  site.counts();
  const seen = [];
  for (let round = 0; round < rounds; round++) {
    // At the moment of expiry pages do not know yet that it has come. Ahead of it they have seen the time.
    const isAhead = round % 2 === 1;
    site.app.clock.advanceSeconds(isAhead ? LIFETIME_SECONDS - 30 : LIFETIME_SECONDS + 10);
    if (isAhead) await Promise.all(tabs.map((tab) => ask(tab, `${site.latchkeyUrl()}/me`)));
    const statuses = await Promise.all(tabs.map((tab) => ask(tab, url, PARALLEL)));
    seen.push({ isAhead, statuses: [...new Set(statuses.flat())], ...site.counts() });
  }
  expect(seen.map(({ statuses, renewals }) => ({ statuses, renewals }))).toEqual(
    seen.map(() => ({ statuses: [200], renewals: 1 })),
  );
  // Of those ahead none was refused.
  expect(seen.filter(({ isAhead, refusals }) => isAhead && refusals > 0)).toEqual([]);
}
