/** Longer than any header that a browser sends. */
const MAX_LENGTH = 500;
const MAX_TAGS = 20;
const TAG = /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/;

/**
 * The languages of an Accept-Language header (RFC 9110 section 12.5.4) in lower case, the preferred first, each before
 * the languages that it is a kind of (RFC 4647 section 3.4). What is malformed is left out.
 */
export function preferredLanguages(header: string | null): string[] {
  const ranges = (header ?? '').slice(0, MAX_LENGTH).toLowerCase().split(',').slice(0, MAX_TAGS);
  const wanted = ranges
    .map(readRange)
    .filter(({ tag, quality }) => TAG.test(tag) && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return [...new Set(wanted.flatMap(({ tag }) => withKinds(tag)))];
}

function readRange(range: string): { readonly tag: string; readonly quality: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return { tag, quality: 1 };
  return { tag, quality: /^q=(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(weight) ? Number(weight.slice(2)) : 0 };
}

/** `zh-hant-tw`, `zh-hant`, `zh`. */
function withKinds(tag: string): string[] {
  const subtags = tag.split('-');
  return subtags.map((_, index) => subtags.slice(0, subtags.length - index).join('-'));
}

const RIGHT_TO_LEFT: readonly string[] = ['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi'];

/** The direction that a language is written in. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.includes(language.split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

export const MINUTES_PER_DAY = 1440;

/** Days where there are several, hours where there are, minutes otherwise. */
const UNITS = [
  { unit: 'day', minutes: MINUTES_PER_DAY, least: 2 },
  { unit: 'hour', minutes: 60, least: 2 },
  { unit: 'minute', minutes: 1, least: 0 },
] as const;

type DurationUnit = (typeof UNITS)[number]['unit'] | 'second';

/** By language and unit. To make one takes a tenth of a millisecond, and there are as many as folders of templates. */
const formats = new Map<string, Intl.NumberFormat>();

/** A time in words of a language: `10 minutes`, `24 hours`, `7 Tage`. */
export function durationIn(language: string, minutes: number): string {
  const { unit, minutes: size } =
    UNITS.find((one) => minutes % one.minutes === 0 && minutes / one.minutes >= one.least) ?? UNITS[2];
  return withPlainSpaces(formatOf(language, unit).format(minutes / size));
}

/**
 * A time to wait in words of a language, rounded up: `45 seconds`, `15 minutes`, `30 hours`. Never in days, whose German
 * plural has another form after "in" (`2 Tage`, but `in 2 Tagen`).
 */
export function waitIn(language: string, seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (seconds < 120) return formatOf(language, 'second').format(seconds);
  if (minutes < 120) return formatOf(language, 'minute').format(minutes);
  return formatOf(language, 'hour').format(Math.ceil(minutes / 60));
}

/** A date and time as a language writes it. It is in UTC: the time zone of the reader is not known. */
export function timeIn(language: string, iso: string): string {
  const format = new Intl.DateTimeFormat(localeOf(language), {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  return withPlainSpaces(format.format(new Date(iso)));
}

/** Spaces that do not break take two bytes each in an SMS. */
function withPlainSpaces(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}

function formatOf(language: string, unit: DurationUnit): Intl.NumberFormat {
  const key = `${language} ${unit}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const options = { style: 'unit', unit, unitDisplay: 'long' } as const;
  const format = new Intl.NumberFormat(localeOf(language), options);
  formats.set(key, format);
  return format;
}

/** English for a tag that is malformed, or that has no locale. */
function localeOf(language: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
