import { BESIDE_CODE, type Form, lead, type PageDefinition, show, type Visit } from '../page.ts';
import { endStep, keepStep, stepIn } from '../steps.ts';

const send = (to: (visit: Visit) => string): Form => ({
  runs: 'resendEmailVerification',
  input: (visit) => ({ body: { email: to(visit) } }),
  next(body, visit) {
    keepStep(visit.exchange, 'verify', { challenge_id: body.challenge_id, to: to(visit) });
    return lead(visit.services.flows.to('/verify-email', visit.flow, { notice: 'sent' }));
  },
});

/** Proving that an email address is one's own, by the code of a message. Its link leads to a page of its own. */
export const verifyPage: PageDefinition = {
  id: 'verifyPage',
  path: '/verify-email',
  words: 'pages.verify',
  template: 'verify',
  show({ exchange }) {
    const step = stepIn(exchange, 'verify');
    return step === undefined
      ? show({ words: 'pages.verify_begin', template: 'verify-begin' })
      : show({ values: { to: step.to } });
  },
  forms: {
    verify: {
      runs: 'verifyEmail',
      input: ({ exchange, fields: { code = '' } }) => ({
        body: { challenge_id: stepIn(exchange, 'verify')?.challenge_id, code },
      }),
      errorFields: BESIDE_CODE,
      next(_body, { exchange, services, flow }) {
        endStep(exchange, 'verify');
        return lead(services.flows.to('/sign-in', flow, { notice: 'email_verified' }));
      },
    },
    send: send(({ fields: { email = '' } }) => email),
    again: send(({ exchange }) => stepIn(exchange, 'verify')?.to ?? ''),
  },
};
