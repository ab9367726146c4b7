import { BESIDE_CODE, type Form, lead, type PageDefinition, show, type Visit } from '../page.ts';
import { endStep, keepStep, stepIn } from '../steps.ts';

const send = (to: (visit: Visit) => string, notice: Record<string, string> = {}): Form => ({
  runs: 'forgotPassword',
  input: (visit) => ({ body: { email: to(visit) } }),
  next(body, visit) {
    keepStep(visit.exchange, 'reset', { challenge_id: body.challenge_id, to: to(visit) });
    return lead(visit.services.flows.to('/reset', visit.flow, notice));
  },
});

/** Asking for another password. */
export const forgotPage: PageDefinition = {
  id: 'forgotPage',
  path: '/forgot',
  words: 'pages.forgot',
  template: 'forgot',
  forms: { send: send(({ fields: { email = '' } }) => email) },
};

/** Choosing another password by the code of a message. Its link leads to a page of its own. */
export const resetPage: PageDefinition = {
  id: 'resetPage',
  path: '/reset',
  words: 'pages.reset',
  template: 'reset',
  show({ exchange, services: { flows }, flow }) {
    const step = stepIn(exchange, 'reset');
    return step === undefined
      ? lead(flows.to('/forgot', flow))
      : show({ values: { to: step.to }, data: { username: step.to } });
  },
  forms: {
    reset: {
      runs: 'resetPassword',
      input: ({ exchange, fields: { code = '', new_password: password = '' } }) => ({
        body: { challenge_id: stepIn(exchange, 'reset')?.challenge_id, code, new_password: password },
      }),
      errorFields: BESIDE_CODE,
      next(_body, { exchange, services, flow }) {
        endStep(exchange, 'reset');
        return lead(services.flows.to('/sign-in', flow, { notice: 'password_changed' }));
      },
    },
    again: send(({ exchange }) => stepIn(exchange, 'reset')?.to ?? '', { notice: 'sent' }),
  },
};
