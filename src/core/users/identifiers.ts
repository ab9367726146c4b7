import { domainToASCII, domainToUnicode } from 'node:url';
import validator from 'validator';

/** An identifier as typed, and the canonical form that is compared. */
export interface Identifier {
  readonly shown: string;
  readonly canonical: string;
}

export type IdentifierKind = 'email' | 'username';

/** RFC 5321 allows a path of 256 octets with its brackets. */
export const MAX_EMAIL_LENGTH = 254;
export const MIN_USERNAME_LENGTH = 3;
export const MAX_USERNAME_LENGTH = 32;
export const USERNAME_PATTERN = /^[A-Za-z0-9_.-]+$/;

/** Line breaks that end a mail header, and signs that are invisible or look like a space. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Letters of any script, digits, emoji, the hyphen, and the dots that IDNA takes for one. */
const DOMAIN_CHARACTERS = /^[\p{L}\p{M}\p{N}\p{So}\p{Sk}.\u3002\uff0e\uff61-]+$/u;

/**
 * The email address as typed and in the form that is compared: NFC, lower case by no country's rules, the domain in
 * punycode. Null where the text is not an address.
 */
export function parseEmail(typed: string): Identifier | null {
  const shown = typed.trim();
  if (shown.length > MAX_EMAIL_LENGTH || !shown.isWellFormed() || INVISIBLE.test(shown)) return null;
  const at = shown.lastIndexOf('@');
  const domain = toAsciiDomain(shown.slice(at + 1));
  const canonical = `${shown.slice(0, at).normalize('NFC').toLowerCase().normalize('NFC')}@${domain}`;
  const wellFormed =
    at > 0 && domain !== '' && canonical.length <= MAX_EMAIL_LENGTH && validator.isEmail(canonical);
  return wellFormed ? { shown, canonical } : null;
}

/**
 * The domain in punycode, or '' where it is none. domainToASCII parses like a URL: it would drop line breaks, decode
 * %61 and stop at a slash, so that odd spellings fell on another user's address.
 */
function toAsciiDomain(domain: string): string {
  const ascii = DOMAIN_CHARACTERS.test(domain) ? domainToASCII(domain) : '';
  return ascii.split('.').every(isSoundLabel) ? ascii : '';
}

/** Newer versions of Node let punycode pass that decodes to nothing. */
function isSoundLabel(label: string): boolean {
  return !label.startsWith('xn--') || domainToUnicode(label) !== label;
}

/** ASCII only, so that no two usernames look alike. Null where the text is not a username. */
export function parseUsername(typed: string): Identifier | null {
  const shown = typed.trim();
  const fits = shown.length >= MIN_USERNAME_LENGTH && shown.length <= MAX_USERNAME_LENGTH;
  return fits && USERNAME_PATTERN.test(shown) ? { shown, canonical: shown.toLowerCase() } : null;
}

/** An identifier as a login form takes it. */
export interface AnyIdentifier {
  readonly kind: IdentifierKind;
  /** As typed where no account can have it. */
  readonly canonical: string;
  readonly isWellFormed: boolean;
}

/** An email address has an @ and no username can, so the text alone says which of them it is. */
export function parseIdentifier(typed: string): AnyIdentifier {
  const kind = typed.includes('@') ? 'email' : 'username';
  const parsed = kind === 'email' ? parseEmail(typed) : parseUsername(typed);
  return { kind, canonical: parsed?.canonical ?? typed, isWellFormed: parsed !== null };
}

/** How canonical forms begin that a search finds. */
export interface IdentifierSearch {
  /** Whether only email addresses can begin like that. */
  readonly isAddress: boolean;
  readonly prefixes: readonly string[];
}

const PUNYCODE = 'xn--';
const DOTS = /[.\u3002\uff0e\uff61]/;

/**
 * The search for what is shown as beginning with this text. The last label of a domain may go on, and then has another
 * punycode: all that is known of that is that it begins with the ASCII characters of the label.
 */
export function searchFor(typed: string): IdentifierSearch {
  const text = typed.trim().normalize('NFC').toLowerCase().normalize('NFC');
  const at = text.lastIndexOf('@');
  if (at === -1) return { isAddress: false, prefixes: [text] };
  const labels = text
    .slice(at + 1)
    .normalize('NFKC')
    .toLowerCase()
    .split(DOTS);
  const last = labels.pop() ?? '';
  const whole = labels.map((label) => `${domainToASCII(label) || label}.`);
  const begin = `${text.slice(0, at)}@${whole.join('')}`;
  const ascii = last.replace(/[^\0-\x7f]/g, '');
  const isAscii = ascii === last;
  // Without any label yet the first prefix holds the second.
  const prefixes = [...(isAscii ? [last] : []), ...(last === '' ? [] : [`${PUNYCODE}${ascii}`])];
  return { isAddress: true, prefixes: prefixes.map((prefix) => begin + prefix) };
}
