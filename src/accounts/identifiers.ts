import { domainToASCII } from 'node:url';
import validator from 'validator';
import type { Identifier } from './ports.ts';

/** RFC 5321 allows a path of 256 octets with its brackets. */
export const MAX_EMAIL_LENGTH = 254;
export const MIN_USERNAME_LENGTH = 3;
export const MAX_USERNAME_LENGTH = 32;
export const USERNAME_PATTERN = /^[A-Za-z0-9_.-]+$/;

/**
 * The email address as typed and in the form that is compared: NFC, lower case by no country's rules, the domain in
 * punycode. Null where the text is no address.
 */
export function parseEmail(typed: string): Identifier | null {
  const shown = typed.trim();
  const at = shown.lastIndexOf('@');
  const domain = domainToASCII(shown.slice(at + 1));
  const canonical = `${shown.slice(0, at).normalize('NFC').toLowerCase().normalize('NFC')}@${domain}`;
  const fits = shown.length <= MAX_EMAIL_LENGTH && canonical.length <= MAX_EMAIL_LENGTH;
  return at > 0 && domain !== '' && fits && validator.isEmail(canonical) ? { shown, canonical } : null;
}

/** ASCII only, so that no two usernames look alike. Null where the text is no username. */
export function parseUsername(typed: string): Identifier | null {
  const fits = typed.length >= MIN_USERNAME_LENGTH && typed.length <= MAX_USERNAME_LENGTH;
  return fits && USERNAME_PATTERN.test(typed) ? { shown: typed, canonical: typed.toLowerCase() } : null;
}
