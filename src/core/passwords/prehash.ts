import { createHash, createHmac } from 'node:crypto';

/**
 * The key that the HMAC in front of bcrypt uses: the operator's pepper, or a label that only separates this use
 * from every other one. `id` stands in the stored hash, so that a pepper can be added while old hashes still verify.
 */
export interface PrehashKey {
  readonly id: string;
  readonly secret: string;
}

const LABEL = 'latchkey password prehash v1';
const KEY_ID_LENGTH = 8;

/** The key for new hashes comes first; the label stays, so that hashes from before a pepper still verify. */
export function prehashKeys(pepper: string | undefined): readonly [PrehashKey, ...PrehashKey[]] {
  return pepper === undefined ? [keyOf(LABEL)] : [keyOf(pepper), keyOf(LABEL)];
}

/**
 * 64 ASCII characters that stand for the whole password, whatever its length: bcrypt alone reads 72 bytes, stops at
 * a NUL, and takes lone surrogates for one another. NFC first, so that one password typed on two systems is one.
 */
export function prehash(password: string, key: PrehashKey): string {
  return createHmac('sha384', key.secret).update(password.normalize('NFC'), 'utf8').digest('base64');
}

function keyOf(secret: string): PrehashKey {
  const id = createHash('sha256')
    .update(`latchkey pepper id\0${secret}`)
    .digest('hex')
    .slice(0, KEY_ID_LENGTH);
  return { id, secret };
}
