import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { AuthorizationChecks } from '../../core/identities/provider.ts';
import { TRANSPORTS } from '../../core/sessions/session.ts';
import type { Seal } from '../../core/tokens/seal.ts';
import type { Exchange } from '../../http/exchange.ts';

const Begun = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  transport: z.enum(TRANSPORTS),
  /** With which the app makes sure that the code is its own. */
  challengeId: z.string().nullable(),
  /** Whose identity it is to be, where a user who is signed in began it. */
  linkTo: z.object({ userId: z.string(), sessionId: z.string().nullable() }).nullable(),
  expiresAt: z.number(),
});

/** A sign-in that has been begun in a browser, and goes on when the provider leads back. */
export type Begun = z.infer<typeof Begun>;

/** What differs between one and another. */
export type ToBegin = Pick<Begun, 'provider' | 'returnTo' | 'transport' | 'challengeId' | 'linkTo'>;

/** How long a person may take at the provider. */
const TTL_SECONDS = 600;
const RANDOM_BYTES = 32;
/** Enough to tell the sign-ins of one browser apart. */
const COOKIE_ID_LENGTH = 16;

export type BegunSignIns = ReturnType<typeof createBegunSignIns>;

/**
 * Keeps what a sign-in has to come back with in a cookie of its own, sealed, so that several tabs do not disturb one another.
 * The cookie binds it to the browser: a response that an attacker has got for themselves fits none.
 */
export function createBegunSignIns(seal: Seal, clock: Clock) {
  function begin(toBegin: ToBegin): Begun {
    const expiresAt = clock.now() + TTL_SECONDS * 1000;
    return { ...toBegin, state: random(), nonce: random(), codeVerifier: random(), expiresAt };
  }

  /** @throws AppError cookie_not_settable */
  function keep(begun: Begun, { keepBegun }: Pick<Exchange, 'keepBegun'>): void {
    keepBegun(cookieIdOf(begun.state), seal.seal(begun, begun.state), TTL_SECONDS);
  }

  /** The sign-in with this `state`, which the browser forgets. @throws AppError invalid_state */
  function take(
    provider: string,
    state: string | undefined,
    { takeBegun }: Pick<Exchange, 'takeBegun'>,
  ): Begun {
    const kept = state && takeBegun(cookieIdOf(state));
    const begun = kept ? Begun.safeParse(seal.open(kept, state)).data : undefined;
    // Each provider has a callback of its own, so that none is taken for another (RFC 9700 section 4.4.2).
    if (begun?.provider !== provider || begun.expiresAt <= clock.now()) throw new AppError('invalid_state');
    return begun;
  }

  return { begin, keep, take };
}

/** What the provider is given, and has to answer to. */
export function checksOf({ state, nonce, codeVerifier }: Begun, redirectUri: string): AuthorizationChecks {
  return { state, nonce, codeVerifier, redirectUri };
}

function random(): string {
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/** A part of a cookie's name, so of the characters of base64url alone. */
function cookieIdOf(state: string): string {
  return state.slice(0, COOKIE_ID_LENGTH).replaceAll(/[^\w-]/g, '_');
}
