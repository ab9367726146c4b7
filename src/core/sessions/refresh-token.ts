import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { SigningKey } from '../tokens/keys.ts';

/** The content of a refresh token: the session, and how many refresh tokens that had before this one. */
export interface RefreshTokenContent {
  readonly sessionId: string;
  readonly counter: number;
}

export interface RefreshTokens {
  /** `sessionId.counter.mac`. The same content gives the same token, so a retry can be given the same answer. */
  readonly issue: (content: RefreshTokenContent) => string;
  /** The content of a token made here, or null. Does not query the database. */
  readonly read: (token: string) => RefreshTokenContent | null;
}

const FORMAT = /^(?<sessionId>[0-9a-f-]{36})\.(?<counter>0|[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;
const KEY_BYTES = 32;
const PURPOSE = 'latchkey refresh token v1';

/**
 * Refresh tokens that are recomputed instead of stored: the mac is an HMAC under a key that HKDF (RFC 5869) derives
 * from the server's secret and the session's id, so the database holds nothing to steal. The first of `secrets` signs,
 * all of them verify.
 */
export function createRefreshTokens(
  secrets: readonly [SigningKey, ...SigningKey[]],
  onUse: (kid: string, use: 'signed' | 'seen') => void = () => {},
): RefreshTokens {
  const [current] = secrets;
  return {
    issue: ({ sessionId, counter }) => {
      onUse(current.kid, 'signed');
      return `${sessionId}.${counter}.${macOf(current, sessionId, counter).toString('base64url')}`;
    },
    read: (token) => {
      const parts = FORMAT.exec(token)?.groups;
      if (parts === undefined) return null;
      const { sessionId = '', counter: digits = '', mac = '' } = parts;
      const counter = Number(digits);
      const given = Buffer.from(mac, 'base64url');
      // base64url text of 43 characters has two bits that decoding drops: only the canonical spelling counts.
      if (given.toString('base64url') !== mac) return null;
      const secret = secrets.find((candidate) =>
        timingSafeEqual(macOf(candidate, sessionId, counter), given),
      );
      if (secret === undefined) return null;
      onUse(secret.kid, 'seen');
      return { sessionId, counter };
    },
  };
}

function macOf({ signingKey }: SigningKey, sessionId: string, counter: number): Buffer {
  const key = Buffer.from(hkdfSync('sha256', signingKey, sessionId, PURPOSE, KEY_BYTES));
  return createHmac('sha256', key).update(`${sessionId}.${counter}`).digest();
}
