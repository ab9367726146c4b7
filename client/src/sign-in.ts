import type { Access, Credentials, Transport } from './access.ts';
import type { PasskeyRequest, PasskeyRequestOptions, SentCode, User } from './api.ts';
import { LatchkeyError } from './error.ts';
import type { Http } from './http.ts';
import { readPending, writePending } from './pending.ts';
import type { FactorMethod, SharedState, Store } from './state.ts';

interface Password {
  readonly password: string;
  /** In place of it from now on, where the answer was `password_change_required`. */
  readonly new_password?: string;
}

/** Ways to sign a user in, told apart by their members. */
export type SignIn =
  | ({ readonly email: string } & Password)
  | ({ readonly username: string } & Password)
  /** An address or a username, as the person has typed it. */
  | ({ readonly identifier: string } & Password)
  /** Sends a code to an address or a phone number. */
  | { readonly send: 'code'; readonly email: string }
  | { readonly send: 'code'; readonly phone: string }
  /** Sends a link that leads back to a page of yours, which calls `completeSignIn()`. */
  | { readonly send: 'link'; readonly email: string; readonly returnTo: string }
  /** The code of the message that was sent last. */
  | { readonly code: string }
  /** By a press of a button, or by the list of what to fill in, for `<input autocomplete="username webauthn">`. */
  | { readonly passkey: true | 'autofill'; readonly email?: string }
  /** The second factor that a `challenge` asks for; a passkey has no code. */
  | { readonly factor: FactorMethod; readonly code?: string; readonly rememberDevice?: boolean };

/** How far a sign-in has come. */
export type Step =
  | { readonly status: 'signed-in'; readonly user: User }
  /** Go on with `signIn({ factor, code })`, by one of these methods, within five minutes. */
  | {
      readonly status: 'challenge';
      readonly methods: readonly FactorMethod[];
      readonly expiresInSeconds: number;
    }
  /** A message is on its way: go on with `signIn({ code })`. A link signs in where it is opened. */
  | { readonly status: 'sent'; readonly expiresInSeconds: number }
  /** The address has to be confirmed first: go on with `verifyEmail(code)`, and sign in. */
  | { readonly status: 'verify-email'; readonly expiresInSeconds: number }
  /** The person has closed the dialog of the passkey, or the browser has no autofill for passkeys. */
  | { readonly status: 'cancelled' };

interface Answer extends Credentials {
  readonly user: User;
  readonly device_token?: string;
  readonly verification?: SentCode | null;
}

export interface SignInOptions {
  readonly base: string;
  readonly http: Http;
  readonly access: Access;
  readonly state: SharedState;
  readonly transport: Transport;
  readonly store: Store;
  /** The name of what is kept. */
  readonly key: string;
}

/** Loaded when first used: many pages have no passkeys. */
export const passkeyModule = () => import('./passkeys.ts');

export const provePasskey = async (options: PasskeyRequestOptions, isAutofill?: boolean) =>
  (await passkeyModule()).provePasskey(options, isAutofill);

/** A link of an attacker could sign the person in to the account of the attacker, or have the page say what the attacker wants. */
const FOREIGN_SIGN_IN = {
  code: 'invalid_state',
  title: 'This browser has not begun this sign-in',
};

export function createSignIn({ base, http, access, state, transport, store, key }: SignInOptions) {
  /** What the next code is for. */
  let sent: string | undefined;
  let verification: string | undefined;
  let challengeToken: string | undefined;
  let completion: Promise<Step | undefined> | undefined;

  /** Sends what proves who the user is. Every way in ends here. */
  async function enter(path: string, proof: object): Promise<Step> {
    const device = path !== '/signup' && (await store('getItem', `${key}:device`));
    const body = {
      ...proof,
      ...(path !== '/login/factor' && { transport }),
      ...(device && { device_token: device }),
    };
    let answer: Answer | SentCode;
    try {
      answer = await http.ask('POST', path, body);
    } catch (error) {
      const { code, problem } = error as LatchkeyError;
      if (code === 'second_factor_required') return challenge(problem);
      // There is nothing left to give a factor for.
      if (path === '/login/factor' && /challenge/.test(code)) state.show(undefined);
      throw error;
    }
    if (!('user' in answer)) {
      verification = answer.challenge_id;
      return { status: 'verify-email', expiresInSeconds: answer.expires_in };
    }
    const { user, device_token, verification: toVerify, ...credentials } = answer;
    verification = toVerify?.challenge_id;
    challengeToken = undefined;
    if (device_token) await store('setItem', `${key}:device`, device_token);
    // What is newer than all that other tabs have said wins.
    await state.catchUp();
    access.begin({ user, ...credentials });
    return { status: 'signed-in', user };
  }

  function challenge(problem: LatchkeyError['problem']): Step {
    const { challenge_token, methods, expires_in } = problem as {
      challenge_token: string;
      methods: FactorMethod[];
      expires_in: number;
    };
    challengeToken = challenge_token;
    state.show({ status: 'challenge', user: null, methods });
    return { status: 'challenge', methods, expiresInSeconds: expires_in };
  }

  async function send(path: string, body: object): Promise<Step> {
    // By a cookie the page of a link knows the browser that has asked for it, whatever the transport.
    const { challenge_id, expires_in } = await http.ask<SentCode>('POST', path, body, {
      credentials: 'include',
    });
    sent = challenge_id;
    return { status: 'sent', expiresInSeconds: expires_in };
  }

  async function signIn(how: SignIn): Promise<Step> {
    if ('password' in how) return enter('/login', how);
    if ('passkey' in how) return signInByPasskey(how);
    if ('factor' in how) return answerChallenge(how);
    if (!('send' in how)) return enter('/otp/verify', { challenge_id: sent, code: how.code });
    const { send: what, ...to } = how;
    if (what === 'code') return send('/otp', to);
    const { returnTo, ...email } = to as { returnTo: string };
    const step = await send('/login/link', { ...email, return_to: returnTo, transport });
    writePending(key, sent as string);
    return step;
  }

  async function signInByPasskey({ passkey, email }: Extract<SignIn, { passkey: unknown }>): Promise<Step> {
    const isAutofill = passkey === 'autofill';
    if (isAutofill && !(await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.()))
      return { status: 'cancelled' };
    const options = await http.ask<PasskeyRequest>('POST', '/login/passkey/options', { email, transport });
    const credential = await provePasskey(options.public_key, isAutofill);
    if (credential === undefined) return { status: 'cancelled' };
    try {
      return await enter('/login/passkey', { challenge_token: options.challenge_token, credential });
    } catch (error) {
      const { code, problem } = error as LatchkeyError;
      if (code === 'passkey_unknown') {
        const { signalUnknown } = await passkeyModule();
        await signalUnknown(problem.rp_id, problem.credential_id);
      }
      // The list was open for longer than a challenge lives.
      if (isAutofill && code === 'challenge_expired') return signInByPasskey({ passkey });
      throw error;
    }
  }

  async function answerChallenge(how: Extract<SignIn, { factor: unknown }>): Promise<Step> {
    const { factor: method, code, rememberDevice } = how;
    const proof: { code?: string; credential?: unknown } = {};
    if (method === 'passkey') {
      const body = { challenge_token: challengeToken };
      const { public_key } = await http.ask<{ public_key: PasskeyRequestOptions }>(
        'POST',
        '/login/factor/options',
        body,
      );
      proof.credential = await provePasskey(public_key);
      if (proof.credential === undefined) return { status: 'cancelled' };
    } else if (code !== undefined) proof.code = code;
    const remember = rememberDevice && { remember_device: true };
    return enter('/login/factor', { challenge_token: challengeToken, method, ...proof, ...remember });
  }

  async function sendFactorCode(method: 'email_code' | 'phone_code'): Promise<void> {
    await http.ask('POST', '/login/factor/code', { challenge_token: challengeToken, method });
  }

  async function verifyEmail(code: string): Promise<void> {
    await http.ask('POST', '/email/verify', { challenge_id: verification, code });
  }

  /** The page of Latchkey that leads to a provider and from there to `returnTo`. */
  function urlOfProvider(provider: string, returnTo: string): string {
    const challengeId = crypto.randomUUID();
    writePending(key, challengeId);
    const query = new URLSearchParams({ return_to: returnTo, transport, challenge_id: challengeId });
    return `${base}/login/${encodeURIComponent(provider)}?${query}`;
  }

  function completeSignIn(url = globalThis.location?.href): Promise<Step | undefined> {
    // Frameworks run effects twice; a code is good once.
    completion ??= complete(url).finally(() => (completion = undefined));
    return completion;
  }

  async function complete(href: string): Promise<Step | undefined> {
    const url = new URL(href);
    const parameters = Object.fromEntries(url.searchParams);
    const { code, error, error_description: title } = parameters;
    if (code === undefined && error === undefined) return undefined;
    forgetParameters(url);
    const challenge_id = readPending(key);
    if (challenge_id === undefined) throw new LatchkeyError(0, FOREIGN_SIGN_IN);
    if (code !== undefined) return enter('/login/exchange', { code, challenge_id });
    const problem = { ...parameters, code: error, title, methods: parameters.methods?.split(' ') };
    if (error === 'second_factor_required')
      return challenge({ ...problem, expires_in: Number(parameters.expires_in) });
    throw new LatchkeyError(0, problem);
  }

  return { enter, signIn, sendFactorCode, verifyEmail, urlOfProvider, completeSignIn };
}

/** Out of the address, so that neither a reload nor a bookmark sends them again. The URL that leads to an app is not its page. */
function forgetParameters(url: URL): void {
  if (url.href !== globalThis.location?.href) return;
  for (const name of ['code', 'error', 'error_description', 'challenge_token', 'methods', 'expires_in'])
    url.searchParams.delete(name);
  history.replaceState(history.state, '', url);
}
