import { credentialIn } from '../credential.ts';
import { type Form, lead, type PageDefinition, show, type Visit } from '../page.ts';
import { problemOf } from '../problem-of.ts';
import { keepStep } from '../steps.ts';
import { afterSignIn, codeRequest, leadWithCode, toSecondFactor, visitorOf } from './after-sign-in.ts';

/** A page repeats the way back in each of its links. */
const MAX_SHARE_KEY_LENGTH = 1_000;
/** What counts as a phone number. It needs its country code, or no message could be sent to it. */
const PHONE = /^\s*\+[\d\s().\-/]{6,}$/;

/** Whether a message to this recipient is an SMS. */
export const isPhone = (to: string) => PHONE.test(to);

const typed = ({ fields: { identifier = '' } }: Visit) => identifier;

/** Sends a code to the address or number that was typed. */
export const sendCode = (to: (visit: Visit) => string): Form => ({
  runs: 'sendCode',
  input: (visit) => ({ body: isPhone(to(visit)) ? { phone: to(visit) } : { email: to(visit) } }),
  fieldNames: { email: 'identifier', phone: 'identifier' },
  next(body, visit) {
    keepStep(visit.exchange, 'code', { challenge_id: body.challenge_id, to: to(visit), how: 'code' });
    return lead(visit.services.flows.to('/sign-in/code', visit.flow));
  },
});

/** Mails a link, which leads back to where the visitor wants to go. */
export const sendLink = (to: (visit: Visit) => string): Form => ({
  runs: 'sendLink',
  input: (visit) => ({
    body: { email: to(visit), return_to: returnPageOf(visit), transport: 'cookie' },
  }),
  fieldNames: { email: 'identifier' },
  next(body, visit) {
    keepStep(visit.exchange, 'code', { challenge_id: body.challenge_id, to: to(visit), how: 'link' });
    return lead(visit.services.flows.to('/sign-in/code', visit.flow));
  },
});

/** The page of this service that links and providers lead back to. */
function returnPageOf({ services: { flows }, flow }: Visit): string {
  return flows.absolute(flows.to('/sign-in/return', flow));
}

/** Signing in, by every way that is configured; a visitor who is signed in already is led on. */
export const signIn: PageDefinition = {
  id: 'signInPage',
  path: '/sign-in',
  words: 'pages.sign_in',
  template: 'sign-in',
  feeds: { listed: 'listProviders' },
  shareKey({ exchange, query }) {
    if (exchange.cookieIds().length > 0) return undefined;
    const key = JSON.stringify(query);
    return key.length <= MAX_SHARE_KEY_LENGTH ? key : undefined;
  },
  async show(visit) {
    const { fed, services, flow, query } = visit;
    const { flows } = services;
    const me = await visitorOf(visit);
    if (me !== undefined) {
      const isForCode = flows.isForApp(flow) && flow.transport === 'token';
      if (!isForCode) return lead(flows.destinationOf(flow));
      return show({
        words: 'pages.continue',
        template: 'continue',
        values: appOf(visit),
        texts: { app: 'labels.your_app' },
        data: {
          me,
          signOutUrl: flows.locationOf(flows.toAndBack('/sign-out', flows.to('/sign-in', flow))),
        },
      });
    }
    const providers = fed.listed.providers.map(({ id, name }: { id: string; name: string }) => {
      const parameters = new URLSearchParams({ return_to: returnPageOf(visit), transport: 'cookie' });
      return { name, url: flows.locationOf(`/login/${id}?${parameters}`) };
    });
    return show({
      values: appOf(visit),
      texts: { address: `pages.sign_in.address.${services.offers.sms ? 'email_or_phone' : 'email'}` },
      data: { providers, identifier: query.login_hint ?? '', isForApp: flows.hostOf(flow) !== '' },
      problem: problemOf(query.problem),
    });
  },
  forms: {
    password: {
      runs: 'login',
      input: ({ fields: { identifier = '', password = '', new_password: newPassword } }) => ({
        body: {
          identifier,
          password,
          transport: 'cookie',
          ...(newPassword && { new_password: newPassword }),
        },
      }),
      next: afterSignIn,
      refused: toSecondFactor,
    },
    passkey: {
      runs: 'signInByPasskey',
      input: ({ fields }) => ({
        body: {
          challenge_token: fields.challenge_token,
          credential: credentialIn(fields.credential),
          transport: 'cookie',
        },
      }),
      next: afterSignIn,
      refused: toSecondFactor,
    },
    code: sendCode(typed),
    link: sendLink(typed),
    verify: {
      runs: 'resendEmailVerification',
      input: (visit) => ({ body: { email: typed(visit) } }),
      fieldNames: { email: 'identifier' },
      next(body, visit) {
        keepStep(visit.exchange, 'verify', { challenge_id: body.challenge_id, to: typed(visit) });
        return lead(visit.services.flows.to('/verify-email', visit.flow));
      },
    },
    continue: {
      runs: 'createSessionCode',
      input: ({ flow }) => ({ body: codeRequest(flow) }),
      next: (body, { flow }) => leadWithCode(body, flow),
    },
  },
};

/** The app that a visitor comes from, by its host. */
function appOf({ services: { flows }, flow }: Visit) {
  const host = flows.hostOf(flow);
  return host === '' ? {} : { app: host };
}
