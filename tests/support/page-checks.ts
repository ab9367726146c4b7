import type { Page } from 'playwright-core';
import { isLongForm } from './extent.ts';
import { axeViolations, bringAxe } from './page-app.ts';
import type { usePictures } from './pictures.ts';

export const PHONE = { width: 360, height: 640 };
export const DESK = { width: 1280, height: 800 };
const SIZES = { desk: DESK, phone: PHONE };
/** What 1280 pixels are at 400 % (WCAG 2.2, 1.4.10). */
const NARROW = { width: 320, height: 256 };
/** Of a page with all that it loads. */
const MAX_BYTES = 50_000;
/** The rules that go by what a page looks like. All others see the same in each size and scheme. */
const OF_LOOKS = ['color-contrast', 'target-size'];

export type Pictures = Pick<ReturnType<typeof usePictures>, 'problemsOf'>;

/** The name of a page as part of the name of a file. */
export const slugOf = (name: string): string => name.replaceAll(/[^a-z]+/gi, '-').replaceAll(/^-|-$/g, '');

/** How much has moved since the page was loaded, without anybody pressing anything. */
const SHIFT = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) sum += hadRecentInput ? 0 : value;
  }).observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})`;
/** The script has put another page in the place of the one that was loaded. */
const IS_REPLACED = 'document.querySelector("h1").tabIndex === -1';
/** A form was refused, or a proxy answered it; and the script has put the focus where it belongs. */
const ORDINARY = /status of (?:4\d\d|502)|Autofocus processing was blocked/;
const BEYOND = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
/** What is new in each run. */
const MAKE_STEADY = `
for (const time of document.querySelectorAll('time')) time.textContent = 'Nov 30, 2026, 3:15 PM';
for (const secret of document.querySelectorAll('.secret')) secret.textContent = secret.textContent.replace(/[\\w-]/g, 'A');
for (const code of document.querySelectorAll('.codes li, .digits span')) code.textContent = code.textContent.replace(/[^-]/g, '7');
for (const prefix of document.querySelectorAll('.about code')) prefix.textContent = 'lk_AAAA…AAAA';
for (const picture of document.querySelectorAll('.qr')) picture.style.opacity = 0;`;

/**
 * Watches a page from before it is loaded, and says what was wrong with the one at hand: whether it broke its policy, asked
 * another host than `origin`, took too many bytes, or moved while it was loaded.
 */
export async function watchPage(page: Page, origin: string) {
  const told: string[] = [];
  let bytes = 0;
  page.on('console', (message) => told.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      told.push(`${request.method()} ${request.url()}`);
  });
  await bringAxe(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  cdp.on('Network.requestWillBeSent', ({ type }) => {
    if (type === 'Document') bytes = 0;
  });
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });

  return async (): Promise<string[]> => {
    await page.waitForLoadState('load');
    const isReplaced = await page.evaluate<boolean>(IS_REPLACED);
    const shift = isReplaced ? 0 : await page.evaluate<number>(SHIFT);
    return [
      ...told.splice(0).filter((text) => !ORDINARY.test(text)),
      ...(bytes > MAX_BYTES ? [`${bytes} bytes`] : []),
      ...(shift > 0 ? [`moves by ${shift} while it is loaded`] : []),
    ];
  };
}

/**
 * What is wrong with what a page looks like, at phone and desk size, light and dark: by its pictures, by axe, and where it does
 * not fit at 400 % or with letters twice as large. The short form looks in the dark at phone size alone, and at desk size at
 * pages with pictures: those that look alike differ in their words.
 */
export async function problemsOfLook(
  page: Page,
  { name, pictures }: { readonly name: string; readonly pictures: Pictures | undefined },
): Promise<string[]> {
  const found: string[] = [];
  const add = (where: string, problems: readonly string[]) =>
    found.push(...problems.map((problem) => `${where}: ${problem}`));
  const overflow = async () => {
    const beyond = await page.evaluate<number>(BEYOND);
    return beyond > 0 ? [`${beyond} pixels beyond the window`] : [];
  };

  await page.evaluate(MAKE_STEADY);
  const isAll = isLongForm();
  for (const [size, viewport] of Object.entries(SIZES)) {
    if (size === 'desk' && !isAll && pictures === undefined) continue;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: 'light' });
    if (pictures !== undefined) add(size, await pictures.problemsOf(page, `${slugOf(name)}.${size}`));
    add(size, await axeViolations(page, isAll || size === 'phone' ? undefined : OF_LOOKS));
    if (size === 'desk' && !isAll) continue;
    await page.emulateMedia({ colorScheme: 'dark' });
    add(`${size}, dark`, await axeViolations(page, isAll ? undefined : OF_LOOKS.slice(0, 1)));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  add('at 400 %', await overflow());
  await page.setViewportSize(PHONE);
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
  add('with large letters', await overflow());
  await page.evaluate("document.documentElement.style.fontSize = ''");
  await page.setViewportSize(DESK);
  return found;
}
