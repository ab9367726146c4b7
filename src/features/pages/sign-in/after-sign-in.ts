import { AppError, ERRORS } from '../../../core/errors.ts';
import { withParameter } from '../../../core/sign-in/return-to.ts';
import type { Flow } from '../flow.ts';
import { type Body, lead, type Next, type Visit } from '../page.ts';
import { forgetSteps, keepStep } from '../steps.ts';

/** Where a visitor goes who has just signed in: back to the app, with a code where it asks for one, or to their account. */
export async function afterSignIn(body: Body, visit: Visit): Promise<Next> {
  const { exchange, services, flow } = visit;
  const { flows, offers } = services;
  forgetSteps(exchange);
  if (offers.requiresFactor && (await mustEnrol(visit))) return lead(flows.to('/account', flow));
  if (!flows.isForApp(flow) || flow.transport !== 'token') return lead(flows.destinationOf(flow));
  const answer = await exchange.perform('createSessionCode', {
    body: codeRequest(flow),
    csrfToken: body.csrf_token,
  });
  return leadWithCode(answer.body, flow);
}

/** What the app has asked for, as POST /session/code takes it. */
export function codeRequest({ challengeId }: Flow): Body {
  return challengeId === null ? {} : { challenge_id: challengeId };
}

/** Leads to the app with a code that it exchanges for a session of its own. */
export function leadWithCode({ code }: Body, { returnTo }: Flow): Next {
  return lead(withParameter(returnTo ?? '', 'code', code));
}

/** Whether the session is good for nothing but to set a second factor up, which an app could not tell its user. */
async function mustEnrol({ exchange }: Visit): Promise<boolean> {
  try {
    await exchange.perform('listSessions');
    return false;
  } catch (error) {
    if (error instanceof AppError && error.code === 'factor_enrolment_required') return true;
    throw error;
  }
}

/** Where the first factor was right and a second one is needed, the way goes on there. */
export function toSecondFactor(
  { code, members }: AppError,
  { exchange, services, flow }: Visit,
): Next | undefined {
  const { challenge_token: token, methods } = members;
  if (code !== 'second_factor_required' || token === undefined || methods === undefined) return undefined;
  keepStep(exchange, 'factor', { challenge_token: token, methods: [...methods] });
  return lead(services.flows.to('/sign-in/factor', flow));
}

/** Who is signed in to this browser, if somebody is. @throws AppError where that cannot be known now */
export async function visitorOf({ exchange }: Visit): Promise<Body | undefined> {
  if (exchange.cookieIds().length === 0) return undefined;
  try {
    return (await exchange.perform('getMe')).body;
  } catch (error) {
    if (error instanceof AppError && ERRORS[error.code].status < 500) return undefined;
    throw error;
  }
}
