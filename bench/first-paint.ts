import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../tests/support/tools.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { startLatchkey, startPeer } from './support/programs.ts';
import { interleave } from './support/statistics.ts';

const TARGET_MILLISECONDS = 100;
const ONE_HEADING = '<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1>';
/** What the page before may still be doing. */
const SETTLE_MILLISECONDS = 500;
const PAINTED = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    const [{ responseEnd }] = performance.getEntriesByType('navigation');
    if (paint) resolve(paint.startTime - responseEnd);
  }).observe({ type: 'paint', buffered: true });
})`;

await runBenchmark('first-paint', measure);

/** From the end of an answer to the first paint, as the browser tells: from another page of the same origin, and from another site. */
async function measure(run: Run): Promise<Figure[]> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('install chromium-headless-shell or chromium');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  run.defer(() => browser.close());
  const service = await startLatchkey(run);
  const answers = ['/', '/other'].map((path) => ({
    method: 'GET',
    path,
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: ONE_HEADING,
  }));
  const peer = await startPeer(run, 'same-bytes.mjs', { ANSWERS: JSON.stringify(answers) });

  const [ownOrigin, peerOrigin] = [service, peer].map(({ port }) => `http://127.0.0.1:${port}`);
  // To a browser a name and an address are two sites, and it starts another process on the way from one to the other.
  const otherSite = `http://localhost:${peer.port}/other`;
  const { own, heading, fromSite, headingFromSite } = await interleave(run.quick ? 1 : 15, {
    own: () => firstPaint(browser, `${ownOrigin}/forgot`, `${ownOrigin}/sign-in`),
    heading: () => firstPaint(browser, `${peerOrigin}/other`, `${peerOrigin}/`),
    fromSite: () => firstPaint(browser, otherSite, `${ownOrigin}/sign-in`),
    headingFromSite: () => firstPaint(browser, otherSite, `${peerOrigin}/`),
  });
  const ofHeading = { reference: 'a page with one heading', to: heading };
  return [
    measured('first paint: a page with one heading', 'ms', heading),
    compared('first paint: GET /sign-in against that', 'ms', own, ofHeading),
    measured('first paint: GET /sign-in', 'ms', own, { atMost: TARGET_MILLISECONDS }),
    compared('first paint: GET /sign-in from another site', 'ms', fromSite, {
      reference: 'a page with one heading',
      to: headingFromSite,
    }),
  ];
}

/** On the way from one page to another, in milliseconds, with an empty cache and no cookies. */
async function firstPaint(browser: Browser, from: string, to: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.goto(from);
    await page.waitForTimeout(SETTLE_MILLISECONDS);
    const session = await context.newCDPSession(page);
    await session.send('Network.clearBrowserCache');
    await page.goto(to);
    return await page.evaluate<number>(PAINTED);
  } finally {
    await context.close();
  }
}
