import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { useOnce } from '../limits/once.ts';
import type { CoreStores } from '../stores.ts';
import type { KeyRing } from '../tokens/keys.ts';
import { createSeal } from '../tokens/seal.ts';
import { randomBytes } from '../values/random.ts';

/** Long enough to find a security key. A page asks for other options when it is over. */
export const CHALLENGE_SECONDS = 300;
const CHALLENGE_BYTES = 32;

type Ceremony = 'registration' | 'sign-in';

/** What the credential that answers a challenge is held to. */
export interface PasskeyChallenge {
  /** Random bytes in base64url, which the authenticator signs. */
  readonly challenge: string;
  /** Whose passkey may answer; null for anybody's. */
  readonly userId: string | null;
  /** The session that asked, where a passkey is registered. */
  readonly sessionId: string | null;
  /** The browser that asked, by its cookie; null where it asked for tokens. */
  readonly browserId: string | null;
}

interface Sealed extends PasskeyChallenge {
  readonly expiresAt: number;
}

export type PasskeyChallenges = ReturnType<typeof createPasskeyChallenges>;

/**
 * Challenges that are kept by the client, sealed: a page asks for options with every view, and nothing is written for that.
 * Only the use of one is written down, so that it is the last.
 */
export function createPasskeyChallenges(appSecrets: KeyRing['appSecrets'], clock: Clock) {
  const seal = createSeal(appSecrets, 'passkeys');

  /** A new challenge, and the token by which it comes back. */
  function issue(ceremony: Ceremony, bounds: Omit<PasskeyChallenge, 'challenge'>) {
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const expiresAt = clock.now() + CHALLENGE_SECONDS * 1000;
    const sealed: Sealed = { challenge, ...bounds, expiresAt };
    return { challenge, challengeToken: seal.seal(sealed, ceremony) };
  }

  /** @throws AppError invalid_challenge, challenge_expired */
  function open(ceremony: Ceremony, challengeToken: string): PasskeyChallenge {
    const sealed = seal.open(challengeToken, ceremony) as Sealed | undefined;
    if (sealed === undefined) throw new AppError('invalid_challenge');
    if (sealed.expiresAt <= clock.now()) throw new AppError('challenge_expired');
    return sealed;
  }

  /**
   * The challenge for a second factor of a user: that of what waits for it under this id, which expires and is used up by
   * itself.
   */
  function ofFactor(userId: string, id: string): PasskeyChallenge {
    const challenge = createHmac('sha256', appSecrets[0].signingKey)
      .update(`latchkey passkey factor v1\0${id}`)
      .digest('base64url');
    return { challenge, userId, sessionId: null, browserId: null };
  }

  /** Uses a challenge up. Of concurrent callers one succeeds. @throws AppError challenge_used */
  async function useWithin(stores: Pick<CoreStores, 'counts'>, challenge: string): Promise<void> {
    if (!(await useOnce(stores, `passkey:${challenge}`, new Date(clock.now()))))
      throw new AppError('challenge_used');
  }

  return { issue, open, ofFactor, useWithin };
}
