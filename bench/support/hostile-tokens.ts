import { randomBytes } from 'node:crypto';
import { asReceived, issueLongTokens, MAX_TOKEN_LENGTH, type SigningKey } from './access-tokens.ts';

/** The longest header that is read. */
const MAX_HEADER_LENGTH = 512;
/** Of HS256, in base64url. */
const SIGNATURE_LENGTH = 43;

/** Tokens that an attacker without a key might send: each kind makes one that is as long as a token may be. */
export function createHostileTokens(key: SigningKey) {
  const good = issueLongTokens(key, 1)[0] ?? '';
  const [header = '', payload = ''] = good.split('.');
  const unsigned = (part: string) => `${header}.${part}.${randomText(SIGNATURE_LENGTH)}`;
  const kinds = {
    noDots: () => randomText(MAX_TOKEN_LENGTH),
    // The first part begins as every header does, so that more has to be looked at.
    threeRandomParts: () => fill(`eyJ${randomText(MAX_HEADER_LENGTH - 3)}`),
    unknownKey: () => fill(headerOfUnknownKey()),
    randomPayload: () => unsigned(randomText(MAX_TOKEN_LENGTH - header.length - SIGNATURE_LENGTH - 2)),
    goodPayload: () => unsigned(payload),
  };
  return (kind: keyof typeof kinds, count: number): string[] =>
    Array.from({ length: count }, () => asReceived(kinds[kind]()));
}

/** One that is read to its end. */
function headerOfUnknownKey(): string {
  const header = { alg: 'HS256', typ: 'at+jwt', kid: '' };
  const bytes = (MAX_HEADER_LENGTH * 3) / 4;
  const kid = randomText(bytes - JSON.stringify(header).length);
  return Buffer.from(JSON.stringify({ ...header, kid })).toString('base64url');
}

/** Adds a payload and a signature to that header. */
function fill(header: string): string {
  const left = MAX_TOKEN_LENGTH - header.length - SIGNATURE_LENGTH - 2;
  return `${header}.${randomText(left)}.${randomText(SIGNATURE_LENGTH)}`;
}

/** Random characters of base64url. */
function randomText(length: number): string {
  return randomBytes(length).toString('base64url').slice(0, length);
}
