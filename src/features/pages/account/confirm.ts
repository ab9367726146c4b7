import { credentialIn } from '../credential.ts';
import { BESIDE_CODE, type Body, type Form, lead, show, type Visit } from '../page.ts';
import { accountPage, unlessEnrolling } from './account-page.ts';
import { withoutSpaces } from './factors.ts';

/** As authenticator apps show it; a recovery code has letters. */
const TOTP_CODE = /^\d{6}$/;

/**
 * Where a user proves again who they are before a change that takes a recent sign-in, and then goes back. The form that led
 * here has to be filled in again: what was typed, such as a password, is kept nowhere.
 */
export const confirm = accountPage({
  id: 'accountConfirmPage',
  path: '/account/confirm',
  name: 'confirm',
  forEnrolment: true,
  feeds: {
    factors: 'listFactors',
    connected: unlessEnrolling('listIdentities'),
    listed: 'listProviders',
  },
  show({ fed: { factors, connected, listed }, services: { flows }, flow }) {
    const { totp, recovery_codes: recoveryCodes, passkeys } = factors;
    const back = flows.destinationOf(flow);
    const parameters = new URLSearchParams({ return_to: flows.absolute(back), transport: 'cookie' });
    const linked = new Set((connected?.identities ?? []).map(({ provider }: Body) => provider));
    return show({
      data: {
        hasCode: totp.length > 0 || recoveryCodes > 0,
        hasPasskey: passkeys > 0,
        providers: listed.providers
          .filter(({ id }: Body) => linked.has(id))
          .map(({ id, name }: Body) => ({ name, url: flows.locationOf(`/login/${id}?${parameters}`) })),
        signOutUrl: flows.locationOf(flows.to('/sign-out', flow)),
        backUrl: flows.locationOf(back),
      },
    });
  },
  forms: {
    /** A password starts a new authentication, to which the code adds a second factor. */
    password: {
      runs: 'reauthenticate',
      input: ({ fields: { password } }) => ({ body: { password } }),
      errorFields: { wrong_password: 'password', ...BESIDE_CODE },
      async next(_body, visit) {
        if (visit.fields.code) await visit.exchange.perform('reauthenticate', codeIn(visit));
        return goBack(visit);
      },
    },
    code: { ...confirming(codeIn), errorFields: BESIDE_CODE },
    passkey: confirming(({ fields: { challenge_token, credential } }) => ({
      body: { challenge_token, credential: credentialIn(credential) },
    })),
  },
});

function confirming(input: NonNullable<Form['input']>): Form {
  return { runs: 'reauthenticate', input, next: (_body, visit) => goBack(visit) };
}

function codeIn({ fields: { code = '', csrf_token: csrfToken = '' } }: Visit) {
  const typed = withoutSpaces(code);
  return { body: { code: typed, method: TOTP_CODE.test(typed) ? 'totp' : 'recovery_code' }, csrfToken };
}

/** Leads to the page that was refused, which says that its form has to be sent again. */
function goBack({ services: { flows }, flow }: Visit) {
  const back = flows.destinationOf(flow);
  return lead(flows.isForApp(flow) ? back : `${back}${back.includes('?') ? '&' : '?'}notice=confirmed`);
}
