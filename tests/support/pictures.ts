import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Image, type IndexedImage, readPng, writePng } from './png.ts';

/** With it, pictures are taken anew: UPDATE_IMAGES=1 npm test -- tests/pages */
export const isUpdating = process.env.UPDATE_IMAGES === '1';

/** Of all pixels. Letters are smoothed a little differently from one version of a browser to the next. */
export const MAX_CHANGED_SHARE = 0.005;

/** How much a channel of a pixel may differ. */
const MAX_DIFFERENCE = 32;

/** The share of pixels that two pictures do not have in common; 1 where their sizes differ. */
export function changedShareOf(one: Buffer, other: Buffer): number {
  const [a, b] = [readPng(one), readPng(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let changed = 0;
  for (const [at, pixel] of a.pixels.entries()) if (differs(pixel, b.pixels[at] ?? 0)) changed++;
  return changed / a.pixels.length;
}

function differs(one: number, other: number): boolean {
  if (one === other) return false;
  return [0, 8, 16].some(
    (bits) => Math.abs(((one >> bits) & 255) - ((other >> bits) & 255)) > MAX_DIFFERENCE,
  );
}

/** A picture with no more than 256 colours: of those that are much alike the most frequent one stands for all. */
function indexed({ width, height, pixels }: Image): IndexedImage {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const byCount = [...counts].sort(([, one], [, other]) => other - one).map(([colour]) => colour);
  for (let bits = 3; ; bits++) {
    const alike = (colour: number) => colour & (0x010101 * ((255 << bits) & 255));
    const known = new Map<number, { readonly index: number; readonly colour: number }>();
    for (const colour of byCount)
      if (!known.has(alike(colour))) known.set(alike(colour), { index: known.size, colour });
    if (known.size > 256) continue;
    const indexes = Buffer.from(pixels.map((colour) => known.get(alike(colour))?.index ?? 0));
    return { width, height, colours: [...known.values()].map(({ colour }) => colour), indexes };
  }
}

/** Some text of every size and face that pages have, so that one sees whether this machine has the letters of the pictures. */
const LETTERS = `<!doctype html><body style="margin:0;font:17px/1.55 system-ui,sans-serif"><b style="font-size:24px">Sign in Anmelden</b>
<p>Email or username, Passwort vergessen? 0123456789</p><p style="font:600 22px ui-monospace,monospace">482 913</p>`;

/**
 * Pictures of pages, in a directory beside the tests of them. On a machine with other letters none is compared, which is
 * said once.
 */
export function usePictures(browser: Browser, directory: string) {
  let areComparable = true;

  function keep(picture: Buffer, path: string): void {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, writePng(indexed(readPng(picture))));
  }

  function compare(picture: Buffer, name: string): string[] {
    const path = `${directory}/${name}.png`;
    if (isUpdating) keep(picture, path);
    if (!areComparable) return [];
    if (!existsSync(path)) return [`there is no picture ${name}.png: take it by UPDATE_IMAGES=1`];
    const share = changedShareOf(picture, readFileSync(path));
    return share < MAX_CHANGED_SHARE ? [] : [`${(100 * share).toFixed(1)} % is not as in ${name}.png`];
  }

  beforeAll(async () => {
    const page = await browser.newPage({ viewport: { width: 480, height: 160 } });
    await page.setContent(LETTERS);
    const problems = compare(await page.screenshot(), 'letters');
    await page.close();
    areComparable = problems.length === 0;
    if (!areComparable)
      process.stderr.write(
        'This machine has other letters than the pictures of pages, which are not compared.\n',
      );
  });

  return {
    /** What is not as in the picture of this name. */
    async problemsOf(page: Page, name: string): Promise<string[]> {
      return compare(await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' }), name);
    },
  };
}
