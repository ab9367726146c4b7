import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { besideCode } from '../config/beside-code.ts';
import type { PageAsset } from '../core/pages.ts';
import { brandColors } from './brand-colors.ts';

const STATIC = besideCode('pages/static/');

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
};

/** What the brand adds to the files of pages. */
export interface AssetOptions {
  readonly color: string;
  readonly cssFile: string | undefined;
  readonly logoFile: string | undefined;
}

/** What pages load: one stylesheet, with the colours and the rules of the brand, one script, and the logo. */
export function readAssets({ color, cssFile, logoFile }: AssetOptions): ReadonlyMap<string, PageAsset> {
  const style = [
    readFileSync(`${STATIC}style.css`, 'utf8'),
    brandColors(color),
    cssFile === undefined ? '' : readFileSync(cssFile, 'utf8'),
  ].join('');
  const assets = [
    assetOf('style.css', Buffer.from(style)),
    assetOf('script.js', readFileSync(`${STATIC}script.js`)),
    ...(logoFile === undefined
      ? []
      : [assetOf(`logo${extname(logoFile).toLowerCase()}`, readFileSync(logoFile))]),
  ];
  return new Map(assets);
}

function assetOf(name: string, bytes: Buffer): [name: string, asset: PageAsset] {
  const [stem = '', ending = ''] = name.split('.');
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 10);
  const mediaType = MEDIA_TYPES[`.${ending}`] ?? 'application/octet-stream';
  return [stem, { fileName: `${stem}.${hash}.${ending}`, mediaType, bytes }];
}
