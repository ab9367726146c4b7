import { z } from 'zod';
import { FACTOR_METHODS } from '../../core/factors/factor.ts';
import { OF_USER } from '../../http/cookies.ts';
import type { Exchange } from '../../http/exchange.ts';

/**
 * What a browser keeps between the pages of a flow, until someone signs in or out: who is next may be someone else. It is no
 * more trustworthy than what a visitor types.
 */
const STEPS = {
  /** A message with a code or a link to sign in with. */
  code: z.object({ challenge_id: z.string(), to: z.string(), how: z.enum(['code', 'link']) }),
  /** A sign-in whose first factor was right. */
  factor: z.object({ challenge_token: z.string(), methods: z.array(z.enum(FACTOR_METHODS)).min(1) }),
  /** A message with a code to choose another password with. */
  reset: z.object({ challenge_id: z.string(), to: z.string() }),
  /** A message with a code that proves an address. */
  verify: z.object({ challenge_id: z.string(), to: z.string() }),
  /** A message with a code to the address of an account, or to its new one. */
  email: z.object({ challenge_id: z.string(), to: z.string() }),
  /** A message with a code to the new number of an account. */
  phone: z.object({ challenge_id: z.string(), to: z.string() }),
};

type StepName = keyof typeof STEPS;
export type Step<Name extends StepName> = z.infer<(typeof STEPS)[Name]>;

const STEP_TTL_SECONDS = 600;

/** Has the browser keep a step, by default until the next page. @throws AppError cookie_not_settable */
export function keepStep<Name extends StepName>(
  { keepPending }: Pick<Exchange, 'keepPending'>,
  name: Name,
  step: Step<Name>,
  ttlSeconds = STEP_TTL_SECONDS,
): void {
  keepPending(OF_USER + name, Buffer.from(JSON.stringify(step)).toString('base64url'), ttlSeconds);
}

/**
 * Has the browser remember which code to an address of its account it waits for, as long as that is good: people leave the page
 * to read their mail. `sent` is the answer of the API that has sent it.
 */
export function keepEmailStep(
  { exchange }: { readonly exchange: Pick<Exchange, 'keepPending'> },
  sent: { readonly challenge_id: string; readonly expires_in: number },
  to: string,
): void {
  keepStep(exchange, 'email', { challenge_id: sent.challenge_id, to }, sent.expires_in);
}

/** The step that the browser keeps; undefined without one. */
export function stepIn<Name extends StepName>(
  { pending }: Pick<Exchange, 'pending'>,
  name: Name,
): Step<Name> | undefined {
  const result = STEPS[name].safeParse(parse(pending(OF_USER + name)));
  return result.success ? (result.data as Step<Name>) : undefined;
}

/** Has the browser forget a step that has been taken. */
export function endStep({ takePending }: Pick<Exchange, 'takePending'>, name: StepName): void {
  takePending(OF_USER + name);
}

function parse(kept: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(kept ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
}
