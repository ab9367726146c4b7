import { isIP } from 'node:net';
import { z } from 'zod';
import type { Rate } from '../core/limits/quota.ts';

const MAX_WINDOW_SECONDS = 86_400;

/** The kinds of values that variables have: what they are as text, and what the text is turned into. */

export const text = z.string();
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const secrets = z.string().transform((value) =>
  value
    .split(/[,\r\n]/)
    .map((secret) => secret.trim())
    .filter((secret) => secret !== ''),
);

/** The PEM blocks of a text, comments between them left out; a block cut short stays, so that it is not lost in silence. */
export const pemBlocks = z.string().transform((value) => {
  const whole = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;
  const blocks = value.match(whole) ?? [];
  const rest = value.replaceAll(whole, '');
  return blocks.length === 0 || rest.includes('-----') ? [...blocks, rest] : blocks;
});

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** `30/3600`: so many times in so many seconds. */
export const rate = z
  .string()
  .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,5}$/)
  .transform((value): Rate => {
    const [limit, windowSeconds] = value.split('/').map(Number) as [number, number];
    return { limit, windowSeconds };
  })
  .refine(({ windowSeconds }) => windowSeconds <= MAX_WINDOW_SECONDS);

/** No more than what is understood: the client would take a query for options, and any path for a database. */
export const redisUrl = z
  .string()
  .refine((value) => URL.canParse(value) && /^rediss?:\/\/[^\s/?#]+(\/\d{0,5})?$/.test(value))
  .refine(canDecode);

export const publicUrl = z
  .string()
  .transform((value) => value.replace(/\/+$/, ''))
  .refine((value) => URL.canParse(value) && /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(value));

export const origins = z
  .string()
  .transform(splitList)
  .refine((list) => list.every(isOrigin));

export const trustProxy = z
  .string()
  .transform((value) => (/^\d{1,2}$/.test(value) ? Number(value) : splitList(value)))
  .refine((value) => typeof value === 'number' || (value.length > 0 && value.every(isAddressRange)));

function canDecode(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isOrigin(value: string): boolean {
  return !value.includes('*') && URL.canParse(value) && new URL(value).origin === value;
}

function isAddressRange(value: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(value)) return true;
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
  );
}
