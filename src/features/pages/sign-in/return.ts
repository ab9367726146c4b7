import { FACTOR_METHODS, type FactorMethod } from '../../../core/factors/factor.ts';
import { lead, type PageDefinition, show } from '../page.ts';
import { keepStep } from '../steps.ts';

/**
 * Where links and providers lead back to. It changes nothing: the cookie is set by then, and the next page asks for what is
 * missing.
 */
export const returnPage: PageDefinition = {
  id: 'returnPage',
  path: '/sign-in/return',
  words: 'pages.returned',
  template: 'returned',
  show({ exchange, services: { flows }, flow, query }) {
    const { error, challenge_token: token, methods = '' } = query;
    // Any link may say this. It starts nothing for which the visitor would not have to type the second factor of the account
    // that the challenge is for, and the session is in the browser where that is typed.
    if (error === 'second_factor_required' && token !== undefined) {
      const known = methods.split(' ').filter((method) => FACTOR_METHODS.includes(method as FactorMethod));
      keepStep(exchange, 'factor', { challenge_token: token, methods: known as FactorMethod[] });
      return lead(flows.to('/sign-in/factor', flow));
    }
    if (error !== undefined) return lead(flows.to('/sign-in', flow, { problem: error }));
    const next = flows.to('/sign-in', flow);
    // A SameSite=Strict cookie is not sent when another site leads here, but is when this page links on.
    return exchange.cookieIds().length === 0 ? show({ data: { href: flows.locationOf(next) } }) : lead(next);
  },
};
