import { BESIDE_CODE, lead, show } from '../page.ts';
import { endStep, keepStep, stepIn } from '../steps.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/phone';

export const phone = accountPage({
  id: 'accountPhonePage',
  path: PATH,
  name: 'phone',
  show: ({ exchange }) => show({ data: { sentTo: stepIn(exchange, 'phone')?.to } }),
  forms: {
    change: {
      runs: 'changePhone',
      input: ({ fields: { phone } }) => ({ body: { phone } }),
      next(body, { exchange, fields: { phone = '' } }) {
        keepStep(exchange, 'phone', { challenge_id: body.challenge_id, to: phone });
        return lead(PATH);
      },
    },
    code: {
      runs: 'verifyPhone',
      input: ({ exchange, fields: { code } }) => ({
        body: { challenge_id: stepIn(exchange, 'phone')?.challenge_id, code },
      }),
      errorFields: BESIDE_CODE,
      next(body, visit) {
        endStep(visit.exchange, 'phone');
        return again(PATH, 'verified')(body, visit);
      },
    },
    remove: { runs: 'removePhone', next: again(PATH, 'removed') },
  },
});
