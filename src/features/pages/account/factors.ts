import { browserNamesIn } from '../../../core/values/browser-name.ts';
import { credentialIn } from '../credential.ts';
import type { Texts } from '../flow.ts';
import { BESIDE_CODE, type Body, type Form, type Next, show, type Visit } from '../page.ts';
import { accountPage, again, unlessEnrolling } from './account-page.ts';

const PATH = '/account/factors';

/** A form that changes or removes one item, by its id. */
const ofOne = (runs: string, notice: string, bodyOf?: (name: string) => unknown): Form => ({
  runs,
  input: ({ fields: { id, name = '' } }) => ({ params: { id }, ...(bodyOf && { body: bodyOf(name) }) }),
  next: again(PATH, notice),
});

export const factors = accountPage({
  id: 'accountFactorsPage',
  path: PATH,
  name: 'factors',
  forEnrolment: true,
  feeds: {
    factors: 'listFactors',
    passkeys: 'listPasskeys',
    sessions: unlessEnrolling('listSessions'),
  },
  show({ fed, fields }) {
    // The first code was wrong. The secret is not shown again: the app has it by now.
    if (fields.form === 'confirm_app') return showApp({ factor_id: fields.factor_id }, fields);
    const { sessions } = fed;
    const remembered = (sessions?.remembered_devices ?? []).map((device: Body) => ({
      ...device,
      ...browserNamesIn(device.user_agent),
    }));
    return show({ data: { remembered, isEnrolling: sessions === null, inAccount: sessions !== null } });
  },
  forms: {
    begin_app: {
      runs: 'beginTotp',
      input: ({ fields: { app_name } }) => ({ body: { name: app_name || null } }),
      fieldNames: { name: 'app_name' },
      next: (enrolment, { fields }) => showApp(enrolment, fields),
    },
    confirm_app: {
      runs: 'confirmTotp',
      input: ({ fields: { factor_id: id, code = '' } }) => ({
        params: { id },
        body: { code: withoutSpaces(code) },
      }),
      errorFields: BESIDE_CODE,
      next: showCodesOr('app_added'),
    },
    rename_app: ofOne('renameTotp', 'renamed', (name) => ({ name })),
    remove_app: ofOne('removeTotp', 'app_removed'),
    renew_codes: { runs: 'renewRecoveryCodes', next: showCodes },
    add_passkey: {
      runs: 'registerPasskey',
      input: ({ fields: { challenge_token, credential, passkey_name } }) => ({
        body: {
          challenge_token,
          credential: credentialIn(credential),
          ...(passkey_name && { name: passkey_name }),
        },
      }),
      fieldNames: { name: 'passkey_name' },
      next: showCodesOr('passkey_added'),
    },
    rename_passkey: ofOne('renamePasskey', 'renamed', (name) => ({ name })),
    remove_passkey: ofOne('removePasskey', 'passkey_removed'),
    forget_device: ofOne('forgetDevice', 'device_forgotten'),
  },
});

/** What an authenticator app needs, and the field for its first code. The name goes along, to begin again with. */
function showApp(enrolment: Body, { app_name: appName = '' }: Texts): Next {
  return show({
    words: 'pages.account.authenticator',
    template: 'account/authenticator',
    data: { enrolment, appName, inAccount: true },
  });
}

/** Recovery codes, which are shown this once, and then the way on for a sign-in that had to wait for a second factor. */
function showCodes({ recovery_codes: codes }: Body, { services: { flows }, flow }: Visit): Next {
  return show({
    words: 'pages.account.recovery_codes',
    template: 'account/recovery-codes',
    data: { codes, doneUrl: flows.locationOf(flow.returnTo ?? PATH) },
  });
}

/** Shows the recovery codes that come with the first factor. A later one has none, and the page says what has been done. */
function showCodesOr(notice: string): Form['next'] {
  return (body, visit) =>
    body.recovery_codes === null ? again(PATH, notice)(body, visit) : showCodes(body, visit);
}

/** A code as apps show it, in groups, without the spaces. */
export const withoutSpaces = (code: string) => code.replaceAll(/\s/g, '');
