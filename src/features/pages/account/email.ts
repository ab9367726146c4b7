import { BESIDE_CODE, type Body, type FedVisit, lead, show, type Visit } from '../page.ts';
import { endStep, keepEmailStep, stepIn } from '../steps.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/email';

const waitForCode = (addressOf: (visit: Visit) => string) => (body: Body, visit: Visit) => {
  keepEmailStep(visit, body, addressOf(visit));
  return lead(PATH);
};

const newAddress = ({ fields: { email = '' } }: Visit) => email;
const sameAddress = ({ fields: { address = '' } }: Visit) => address;

export const email = accountPage({
  id: 'accountEmailPage',
  path: PATH,
  name: 'email',
  show: (visit) => show({ data: { sentTo: sentTo(visit) } }),
  forms: {
    change: {
      runs: 'changeEmail',
      input: (visit) => ({ body: { email: newAddress(visit) } }),
      next: waitForCode(newAddress),
    },
    verify: {
      runs: 'resendEmailVerification',
      input: (visit) => ({ body: { email: sameAddress(visit) } }),
      fieldNames: { email: 'address' },
      next: waitForCode(sameAddress),
    },
    code: {
      runs: 'verifyEmail',
      input: ({ exchange, fields: { code } }) => ({
        body: { challenge_id: stepIn(exchange, 'email')?.challenge_id, code },
      }),
      errorFields: BESIDE_CODE,
      next(body, visit) {
        endStep(visit.exchange, 'email');
        return again(PATH, 'verified')(body, visit);
      },
    },
  },
});

/** The address that a code is on its way to; undefined once it is verified. */
function sentTo({ exchange, fed: { me } }: FedVisit): string | undefined {
  const step = stepIn(exchange, 'email');
  return step?.to === me.user.email && me.user.email_verified ? undefined : step?.to;
}
