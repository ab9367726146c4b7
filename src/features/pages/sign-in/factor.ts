import type { FactorMethod } from '../../../core/factors/factor.ts';
import { credentialIn } from '../credential.ts';
import { BESIDE_CODE, lead, type PageDefinition, show, type Visit } from '../page.ts';
import { type Step, stepIn } from '../steps.ts';
import { afterSignIn } from './after-sign-in.ts';

/** Errors after which the sign-in has to begin again. */
const OVER: readonly string[] = ['invalid_challenge', 'challenge_expired', 'challenge_used'];

/** The method that is asked for: the one the visitor has chosen, or the preferred one. */
function methodOf({ query, fields }: Visit, { methods }: Step<'factor'>): FactorMethod {
  const wanted = fields.method ?? query.method;
  return methods.find((method) => method === wanted) ?? methods[0] ?? 'totp';
}

const tokenOf = ({ exchange }: Visit) => stepIn(exchange, 'factor')?.challenge_token;

/** The second step of a sign-in. */
export const factorPage: PageDefinition = {
  id: 'factorPage',
  path: '/sign-in/factor',
  words: 'pages.factor',
  template: 'factor',
  show(visit) {
    const { exchange, services, flow, query } = visit;
    const step = stepIn(exchange, 'factor');
    if (step === undefined) return lead(services.flows.to('/sign-in', flow));
    const method = methodOf(visit, step);
    return show({
      words: `pages.factor_${method}`,
      data: {
        method,
        others: step.methods.filter((other) => other !== method),
        challengeToken: step.challenge_token,
        isSent: query.sent === method,
        isByMessage: method === 'email_code' || method === 'phone_code',
      },
    });
  },
  forms: {
    factor: {
      runs: 'logInByFactor',
      input: (visit) => ({
        body: {
          challenge_token: tokenOf(visit),
          method: visit.fields.method,
          ...(visit.fields.credential === undefined
            ? { code: visit.fields.code ?? '' }
            : { credential: credentialIn(visit.fields.credential) }),
          remember_device: visit.fields.remember === 'on',
        },
      }),
      errorFields: BESIDE_CODE,
      next: afterSignIn,
      refused: beginAnew,
    },
    send: {
      runs: 'sendFactorCode',
      input: (visit) => ({ body: { challenge_token: tokenOf(visit), method: visit.fields.method } }),
      next: (_body, { services, flow, fields: { method = '' } }) =>
        lead(services.flows.to('/sign-in/factor', flow, { method, sent: method })),
      refused: beginAnew,
    },
  },
};

function beginAnew({ code }: { readonly code: string }, { services, flow }: Visit) {
  return OVER.includes(code) ? lead(services.flows.to('/sign-in', flow, { problem: code })) : undefined;
}
