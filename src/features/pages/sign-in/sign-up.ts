import { lead, type PageDefinition, show } from '../page.ts';
import { keepEmailStep, keepStep } from '../steps.ts';
import { afterSignIn, visitorOf } from './after-sign-in.ts';

/** Opening an account. */
export const signUp: PageDefinition = {
  id: 'signUpPage',
  path: '/sign-up',
  words: 'pages.sign_up',
  template: 'sign-up',
  async show(visit) {
    const { services, flow } = visit;
    // A visitor who is signed in, or may not sign up, goes on from there.
    if (!services.offers.signUp || (await visitorOf(visit)) !== undefined)
      return lead(services.flows.to('/sign-in', flow));
    return show({});
  },
  forms: {
    sign_up: {
      runs: 'signup',
      input: ({ fields: { email = '', new_password: password = '', name = '' } }) => ({
        body: { email, password, ...(name !== '' && { name }), transport: 'cookie' },
      }),
      fieldNames: { password: 'new_password' },
      next(body, visit) {
        const { exchange, services, flow, fields } = visit;
        if (body.challenge_id === undefined) {
          // The page for the address of the account takes the code.
          if (body.verification !== null) keepEmailStep(visit, body.verification, body.user.email);
          return afterSignIn(body, visit);
        }
        // The address has to be proved first.
        keepStep(exchange, 'verify', { challenge_id: body.challenge_id, to: fields.email ?? '' });
        return lead(services.flows.to('/verify-email', flow));
      },
    },
  },
};
