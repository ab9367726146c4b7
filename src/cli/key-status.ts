import { CLOCK_TOLERANCE_SECONDS } from '@latchkey/verifier/core';
import type { KeyUse } from '../core/tokens/key-usage.store.ts';
import type { KeyRing } from '../core/tokens/keys.ts';

export interface KeyStatusOptions {
  readonly keys: KeyRing;
  readonly uses: readonly KeyUse[];
  readonly accessTokenTtlSeconds: number;
  readonly sessionIdleSeconds: number;
}

/** A paragraph a key: what it is for in this configuration, when it was used, and from when it may be removed. */
export function describeKeys({
  keys,
  uses,
  accessTokenTtlSeconds,
  sessionIdleSeconds,
}: KeyStatusOptions): string {
  const kids = new Set([...keys.all, ...uses].map(({ kid }) => kid));
  return [...kids].map(describe).join('\n');

  function describe(kid: string): string {
    const use = uses.find((candidate) => candidate.kid === kid);
    const configured = keys.all.find((key) => key.kid === kid);
    const algorithm = configured?.algorithm ?? use?.algorithm ?? '';
    return [
      kid,
      `  ${algorithm}, ${roleOf(kid)}`,
      `  last signed       ${show(use?.lastSignedAt)}`,
      `  last seen         ${show(use?.lastSeenAt)}`,
      `  safe to remove    ${safeToRemove(kid, algorithm, use?.lastSignedAt)}`,
      '',
    ].join('\n');
  }

  function roleOf(kid: string): string {
    const roles = [
      ...(kid === keys.current.kid ? ['signs access tokens'] : []),
      ...(kid === keys.refreshing[0].kid ? ['makes refresh tokens'] : []),
    ];
    if (roles.length > 0) return roles.join(' and ');
    const stillVerifies = keys.verifying.some((key) => key.kid === kid);
    return stillVerifies ? 'verifies what it signed before' : 'not configured any more';
  }

  /** When the last token made with it has died: a secret also made refresh tokens, which live as long as a session rests. */
  function safeToRemove(kid: string, algorithm: string, lastSignedAt: Date | null | undefined): string {
    if (kid === keys.current.kid || kid === keys.refreshing[0].kid) return 'not while it is in use';
    if (!lastSignedAt) return 'it never signed: keep it if it is the next one';
    const accessSeconds = accessTokenTtlSeconds + 2 * CLOCK_TOLERANCE_SECONDS;
    const lifetimeSeconds =
      algorithm === 'HS256' ? Math.max(accessSeconds, sessionIdleSeconds) : accessSeconds;
    return `from ${show(new Date(lastSignedAt.getTime() + lifetimeSeconds * 1000))}`;
  }
}

function show(date: Date | null | undefined): string {
  return date?.toISOString() ?? 'never (uses are written down every minute)';
}
