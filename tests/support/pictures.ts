import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type IndexedImage, writePng } from './png.ts';

/** With it, pictures are taken anew: UPDATE_IMAGES=1 npm test -- tests/pages */
export const isUpdating = process.env.UPDATE_IMAGES === '1';

/** Of all pixels. Letters are smoothed a little differently from one version of a browser to the next. */
export const MAX_CHANGED_SHARE = 0.005;

/** Reads a picture in a browser. */
const PIXELS_OF = `async (base64) => {
  const image = Object.assign(new Image(), { src: 'data:image/png;base64,' + base64 });
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  return canvas.getImageData(0, 0, image.width, image.height);
}`;

/** 1 where their sizes differ. */
const CHANGED_SHARE = `async ([one, other]) => {
  const pixelsOf = ${PIXELS_OF};
  const [a, b] = [await pixelsOf(one), await pixelsOf(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let changed = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if ([0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > 32)) changed++;
  }
  return (4 * changed) / a.data.length;
}`;

/** The share of pixels that two pictures do not have in common, as a page of a browser sees them. */
export function changedShareOf(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const both = JSON.stringify([one, other].map((picture) => picture.toString('base64')));
  return page.evaluate<number>(`(${CHANGED_SHARE})(${both})`);
}

/** A picture with no more than 256 colours: of those that are much alike the most frequent one stands for all. */
const INDEXED = `async (base64) => {
  const { width, height, data } = await (${PIXELS_OF})(base64);
  const colourAt = (at) => (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  const byCount = [...counts].sort(([, one], [, other]) => other - one).map(([colour]) => colour);
  for (let bits = 3; ; bits++) {
    const alike = (colour) => colour & (0x010101 * ((255 << bits) & 255));
    const known = new Map();
    for (const colour of byCount) if (!known.has(alike(colour))) known.set(alike(colour), [known.size, colour]);
    if (known.size > 256) continue;
    let indexes = '';
    for (let at = 0; at < data.length; at += 4) indexes += String.fromCharCode(known.get(alike(colourAt(at)))[0]);
    return { width, height, colours: [...known.values()].map(([, colour]) => colour), indexes: btoa(indexes) };
  }
}`;

/** Some text of every size and face that pages have, so that one sees whether this machine has the letters of the pictures. */
const LETTERS = `<!doctype html><body style="margin:0;font:17px/1.55 system-ui,sans-serif"><b style="font-size:24px">Sign in Anmelden</b>
<p>Email or username, Passwort vergessen? 0123456789</p><p style="font:600 22px ui-monospace,monospace">482 913</p>`;

/**
 * Pictures of pages, in a directory beside the tests of them. On a machine with other letters none is compared, which is
 * said once.
 */
export function usePictures(browser: Browser, directory: string) {
  let comparing: Page;
  let areComparable = true;

  async function keep(picture: Buffer, path: string): Promise<void> {
    const { indexes, ...image } = await comparing.evaluate<
      Omit<IndexedImage, 'indexes'> & { readonly indexes: string }
    >(`(${INDEXED})('${picture.toString('base64')}')`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, writePng({ ...image, indexes: Buffer.from(indexes, 'base64') }));
  }

  async function compare(picture: Buffer, name: string): Promise<string[]> {
    const path = `${directory}/${name}.png`;
    if (isUpdating) await keep(picture, path);
    if (!areComparable) return [];
    if (!existsSync(path)) return [`there is no picture ${name}.png: take it by UPDATE_IMAGES=1`];
    const share = await changedShareOf(comparing, picture, readFileSync(path));
    return share < MAX_CHANGED_SHARE ? [] : [`${(100 * share).toFixed(1)} % is not as in ${name}.png`];
  }

  beforeAll(async () => {
    comparing = await browser.newPage({ viewport: { width: 480, height: 160 } });
    await comparing.setContent(LETTERS);
    const problems = await compare(await comparing.screenshot(), 'letters');
    areComparable = problems.length === 0;
    if (!areComparable)
      process.stderr.write(
        'This machine has other letters than the pictures of pages, which are not compared.\n',
      );
  });
  afterAll(() => comparing.close());

  return {
    /** What is not as in the picture of this name. */
    async problemsOf(page: Page, name: string): Promise<string[]> {
      return compare(await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' }), name);
    },
  };
}
