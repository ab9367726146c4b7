import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { AuthorizationChecks } from '../../core/identities/provider.ts';
import { TRANSPORTS } from '../../core/sessions/session.ts';
import type { Seal } from '../../core/tokens/seal.ts';
import { randomBytes } from '../../core/values/random.ts';
import type { Exchange } from '../../http/exchange.ts';

const PendingSignIn = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  transport: z.enum(TRANSPORTS),
  /** What the app has to send with the code, so that it takes no code of another sign-in. */
  challengeId: z.string().nullable(),
  /** The session that links an identity to its account; null for a sign-in. */
  linkTo: z.object({ userId: z.string(), sessionId: z.string().nullable() }).nullable(),
  expiresAt: z.number(),
});

/** A sign-in, or a link to an account, that waits for the provider to lead the browser back. */
export type PendingSignIn = z.infer<typeof PendingSignIn>;

/** What the app and the session decide; the rest is random. */
export type SignInToBegin = Pick<
  PendingSignIn,
  'provider' | 'returnTo' | 'transport' | 'challengeId' | 'linkTo'
>;

/** How long a person may take at the provider. */
const TTL_SECONDS = 600;
const RANDOM_BYTES = 32;
/** Enough to tell the sign-ins of one browser apart. */
const COOKIE_ID_LENGTH = 16;

export type PendingSignIns = ReturnType<typeof createPendingSignIns>;

/**
 * Keeps each pending sign-in in a sealed cookie of its own, so that several tabs do not disturb one another. The cookie binds
 * it to the browser: an attacker who leads a victim to the callback with a response of their own has no cookie there.
 */
export function createPendingSignIns(seal: Seal, clock: Clock) {
  function begin(signIn: SignInToBegin): PendingSignIn {
    const expiresAt = clock.now() + TTL_SECONDS * 1000;
    return { ...signIn, state: random(), nonce: random(), codeVerifier: random(), expiresAt };
  }

  /** @throws AppError cookie_not_settable */
  function keep(pending: PendingSignIn, { keepPending }: Pick<Exchange, 'keepPending'>): void {
    keepPending(cookieIdOf(pending.state), seal.seal(pending, pending.state), TTL_SECONDS);
  }

  /** The pending sign-in with this `state`, which the browser then forgets. @throws AppError invalid_state */
  function take(
    provider: string,
    state: string | undefined,
    { takePending }: Pick<Exchange, 'takePending'>,
  ): PendingSignIn {
    const kept = state && takePending(cookieIdOf(state));
    const pending = kept ? PendingSignIn.safeParse(seal.open(kept, state)).data : undefined;
    // Each provider has a callback of its own, so that none is taken for another (RFC 9700 section 4.4.2).
    if (pending?.provider !== provider || pending.expiresAt <= clock.now())
      throw new AppError('invalid_state');
    return pending;
  }

  return { begin, keep, take };
}

/** What the request to the provider carries, and its response has to fit. */
export function checksOf(
  { state, nonce, codeVerifier }: PendingSignIn,
  redirectUri: string,
): AuthorizationChecks {
  return { state, nonce, codeVerifier, redirectUri };
}

function random(): string {
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/** Part of a cookie's name. A `state` from a stranger may hold anything, so only characters of base64url remain. */
function cookieIdOf(state: string): string {
  return state.slice(0, COOKIE_ID_LENGTH).replaceAll(/[^\w-]/g, '_');
}
