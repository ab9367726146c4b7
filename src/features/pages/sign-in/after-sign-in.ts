import { AppError, ERRORS } from '../../../core/errors.ts';
import { withParameter } from '../../../core/sign-in/return-to.ts';
import type { Flow } from '../flow.ts';
import { type Body, lead, type Next, type Visit } from '../page.ts';
import { keepStep } from '../steps.ts';

/** Where a visitor goes after signing in: back to the app, with a code if it asked for one, or to their account. */
export async function afterSignIn(body: Body, visit: Visit): Promise<Next> {
  const { exchange, services, flow } = visit;
  const { flows, offers } = services;
  if (offers.requiresFactor && (await mustEnrol(visit))) {
    // The sign-in page leads on from there once the second factor is set up.
    const back = flow.returnTo === null ? '/account' : flows.to('/sign-in', flow);
    return lead(flows.toAndBack('/account/factors', back));
  }
  if (!flows.isForApp(flow) || flow.transport !== 'token') return lead(flows.destinationOf(flow));
  const answer = await exchange.perform('createSessionCode', {
    body: codeRequest(flow),
    csrfToken: body.csrf_token,
  });
  return leadWithCode(answer.body, flow);
}

/** The body of POST /session/code for what the app has asked for. */
export function codeRequest({ challengeId }: Flow): Body {
  return challengeId === null ? {} : { challenge_id: challengeId };
}

/** Leads to the app, with a code that it exchanges for a session of its own. */
export function leadWithCode({ code }: Body, { returnTo }: Flow): Next {
  return lead(withParameter(returnTo ?? '', 'code', code));
}

/** Whether the session can only set up a second factor, which an app could not tell its user. */
async function mustEnrol({ exchange }: Visit): Promise<boolean> {
  try {
    await exchange.perform('listSessions');
    return false;
  } catch (error) {
    if (error instanceof AppError && error.code === 'factor_enrolment_required') return true;
    throw error;
  }
}

/** Leads to the second factor where the sign-in needs one. */
export function toSecondFactor(
  { code, members }: AppError,
  { exchange, services, flow }: Visit,
): Next | undefined {
  const { challenge_token: token, methods } = members;
  if (code !== 'second_factor_required' || token === undefined || methods === undefined) return undefined;
  keepStep(exchange, 'factor', { challenge_token: token, methods: [...methods] });
  return lead(services.flows.to('/sign-in/factor', flow));
}

/** The user who is signed in in this browser; undefined without one. @throws AppError where that cannot be known now */
export async function visitorOf({ exchange }: Visit): Promise<Body | undefined> {
  if (exchange.cookieIds().length === 0) return undefined;
  try {
    return (await exchange.perform('getMe')).body;
  } catch (error) {
    if (error instanceof AppError && ERRORS[error.code].status < 500) return undefined;
    throw error;
  }
}
