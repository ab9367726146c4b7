import type { PhoneNumber } from 'libphonenumber-js';
import { fieldError } from '../errors.ts';
import { fieldIssue, wellFormedText } from '../values/text.ts';

const EXAMPLE = '+4915112345678';
/** A + and the digits of a country and a number (E.164), with what people write between them. */
const TYPED = /^\+[\d\s().\-/\u00a0\u2010-\u2015]{7,32}$/;
const BETWEEN_DIGITS = /[^\d+]/g;
const MIN_DIGITS = 7;
const MAX_DIGITS = 15;

/** Kinds of numbers to which an SMS costs more than others, or that no person reads. */
const REFUSED_TYPES: readonly string[] = [
  'PREMIUM_RATE',
  'SHARED_COST',
  'TOLL_FREE',
  'UAN',
  'PAGER',
  'VOICEMAIL',
];

/** A phone number in E.164, as far as its form tells. `requirePhone` says whether there can be such a number. */
export const Phone = wellFormedText
  .transform((typed) => (TYPED.test(typed.trim()) ? typed.replace(BETWEEN_DIGITS, '') : ''))
  .refine(
    ({ length }) => length > MIN_DIGITS && length <= MAX_DIGITS + 1,
    fieldIssue('invalid_phone', `Must be a phone number with its country, such as ${EXAMPLE}.`),
  )
  .meta({ description: 'With the country code; spaces and hyphens are ignored', example: EXAMPLE });

/**
 * Requires that a number in E.164 can get SMS, and is of one of these countries (ISO 3166-1 alpha-2; empty for all).
 * @throws AppError validation_failed
 */
export async function requirePhone(phone: string, countries: readonly string[]): Promise<void> {
  const number = await parse(phone);
  if (number === undefined || !number.isValid() || REFUSED_TYPES.includes(number.getType() ?? '')) {
    throw fieldError('/phone', 'invalid_phone', `Must be a number that gets SMS, such as ${EXAMPLE}.`);
  }
  const { country } = number;
  if (countries.length > 0 && (country === undefined || !countries.includes(country))) {
    throw fieldError('/phone', 'country_not_allowed', `SMS go to these countries: ${countries.join(', ')}.`);
  }
}

/** The library is loaded when first needed: it knows the numbers of all countries, which takes a while. */
async function parse(phone: string): Promise<PhoneNumber | undefined> {
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/max');
  return parsePhoneNumberFromString(phone);
}
