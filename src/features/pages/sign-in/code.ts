import { BESIDE_CODE, lead, type PageDefinition, show, type Visit } from '../page.ts';
import { stepIn } from '../steps.ts';
import { afterSignIn, toSecondFactor } from './after-sign-in.ts';
import { isPhone, sendCode, sendLink } from './sign-in.ts';

const recipient = ({ exchange }: Visit) => stepIn(exchange, 'code')?.to ?? '';

/** Typing a code that was sent, or waiting for a link. */
export const codePage: PageDefinition = {
  id: 'codePage',
  path: '/sign-in/code',
  words: 'pages.sign_in_code',
  template: 'sign-in-code',
  show({ exchange, services: { flows }, flow }) {
    const step = stepIn(exchange, 'code');
    if (step === undefined) return lead(flows.to('/sign-in', flow));
    const { to, how } = step;
    const ofCode = isPhone(to) ? 'pages.sign_in_code_sms' : 'pages.sign_in_code';
    return show({
      words: how === 'link' ? 'pages.sign_in_link_sent' : ofCode,
      values: { to },
      data: { how },
    });
  },
  forms: {
    code: {
      runs: 'signInByCode',
      input: ({ exchange, fields: { code = '' } }) => ({
        body: { challenge_id: stepIn(exchange, 'code')?.challenge_id, code, transport: 'cookie' },
      }),
      errorFields: BESIDE_CODE,
      next: afterSignIn,
      refused: toSecondFactor,
    },
    again_code: sendCode(recipient),
    again_link: sendLink(recipient),
  },
};
