import { CLOCK_TOLERANCE_SECONDS } from '@latchkey/verifier/core';
import type { KeyUse } from '../core/tokens/key-usage.store.ts';
import { APP_KID_PREFIX, type KeyRing } from '../core/tokens/keys.ts';

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
  const accessSeconds = accessTokenTtlSeconds + 2 * CLOCK_TOLERANCE_SECONDS;
  const kids = new Set([...keys.all, ...uses].map(({ kid }) => kid));
  return [...kids]
    .filter((kid) => isVerifying(kid) || !isForApp(APP_KID_PREFIX + kid))
    .map(describe)
    .join('\n');

  function isVerifying(kid: string): boolean {
    return keys.verifying.some((key) => key.kid === kid);
  }

  function isForApp(kid: string): boolean {
    return keys.appSecrets.some((key) => key.kid === kid);
  }

  function useOf(kid: string): KeyUse | undefined {
    return uses.find((candidate) => candidate.kid === kid);
  }

  function describe(kid: string): string {
    const use = useOf(kid);
    const configured = keys.all.find((key) => key.kid === kid);
    const algorithm = configured?.algorithm ?? use?.algorithm ?? '';
    return [
      kid,
      `  ${algorithm}, ${roleOf(kid)}`,
      `  last signed       ${show(use?.lastSignedAt)}`,
      `  last seen         ${show(use?.lastSeenAt)}`,
      `  safe to remove    ${safeToRemove(kid)}`,
      '',
    ].join('\n');
  }

  function roleOf(kid: string): string {
    if (kid === keys.current.kid) return 'signs access tokens';
    if (kid === keys.appSecrets[0].kid) return 'makes refresh and device tokens';
    if (isVerifying(kid)) return 'verifies the access tokens that it signed before';
    return isForApp(kid)
      ? 'verifies the refresh and device tokens that it made before'
      : 'not configured any more';
  }

  /** When the last token made with it has died. A secret that is configured once for both kinds waits for both. */
  function safeToRemove(kid: string): string {
    if (kid === keys.current.kid || kid === keys.appSecrets[0].kid) return 'not while it is in use';
    const appKid = kid.startsWith(APP_KID_PREFIX) ? kid : APP_KID_PREFIX + kid;
    const ends = [
      ...(kid === appKid ? [] : [after(useOf(kid)?.lastSignedAt, accessSeconds)]),
      ...(kid === appKid || isForApp(appKid) ? [after(lastMade(appKid), sessionIdleSeconds)] : []),
    ].filter((end) => end !== undefined);
    if (ends.length === 0) return 'it never signed: keep it if it is the next one';
    return `from ${show(new Date(Math.max(...ends)))}`;
  }

  /**
   * When a secret last made a refresh token. Before those had a record of their own, it was in that of JWT_SECRET; where
   * this goes on signing access tokens, the secret in its place tells since when.
   */
  function lastMade(appKid: string): Date | null | undefined {
    const kid = appKid.slice(APP_KID_PREFIX.length);
    const own = useOf(appKid)?.lastSignedAt;
    if (own || !useOf(kid)?.lastSignedAt) return own;
    return kid === keys.current.kid ? useOf(keys.appSecrets[0].kid)?.firstUsedAt : useOf(kid)?.lastSignedAt;
  }
}

function after(date: Date | null | undefined, seconds: number): number | undefined {
  return date ? date.getTime() + seconds * 1000 : undefined;
}

function show(date: Date | null | undefined): string {
  return date?.toISOString() ?? 'never (uses are written down every minute)';
}
