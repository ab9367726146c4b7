import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signWithPrivateKey,
} from 'node:crypto';
import type { Algorithm } from '@latchkey/verifier/core';

/** A key that tokens are signed with, and what others know of it. */
export interface TokenKey {
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

export type Members = Record<string, unknown>;

export interface Forgery {
  /** Members that replace those of the good header; undefined leaves one out. */
  readonly header?: Members;
  /** Members that replace those of the good claims; undefined leaves one out. */
  readonly claims?: Members;
  /** The payload's text, in place of the claims. */
  readonly payload?: string;
  readonly sign?: (signed: string) => Buffer;
}

/** A new key for this algorithm. */
export function aKey(algorithm: Algorithm): TokenKey {
  if (algorithm === 'HS256') {
    return { algorithm, key: createSecretKey('another secret, which is as long as it takes', 'utf8') };
  }
  const { privateKey: key } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { algorithm, key };
}

/** As RFC 7518 section 3 has it, without a library that might share a fault with those that verify. */
export function signatureBy({ algorithm, key }: TokenKey, signed: string): Buffer {
  if (algorithm === 'HS256') return createHmac('sha256', key).update(signed).digest();
  return signWithPrivateKey('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
}

export const encode = (value: string | Buffer) => Buffer.from(value).toString('base64url');

export function partsOf(token: string): [header: string, payload: string, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
}

export const decode = (part: string): Members => JSON.parse(Buffer.from(part, 'base64url').toString());

/** Makes tokens that are like the good one but for what is asked for, signed with the key if nothing else is. */
export function forger(good: string, key: TokenKey) {
  const [header, claims] = partsOf(good).slice(0, 2).map(decode);
  return (forgery: Forgery = {}): string => {
    const payload = forgery.payload ?? JSON.stringify({ ...claims, ...forgery.claims });
    const signed = `${encode(JSON.stringify({ ...header, ...forgery.header }))}.${encode(payload)}`;
    const sign = forgery.sign ?? ((text: string) => signatureBy(key, text));
    return `${signed}.${encode(sign(signed))}`;
  };
}

export type Forge = ReturnType<typeof forger>;
