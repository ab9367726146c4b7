import type { PasskeyCreationOptions, PasskeyRequestOptions, PasskeySignals } from './api.ts';
import type { Call } from './call.ts';

/*
 * The JSON of WebAuthn level 3, made here: Safari before 18.4 has no parseRequestOptionsFromJSON(), and the credentials
 * of some password managers no toJSON().
 */

let latestRequest: AbortController | undefined;

/**
 * Asks the authenticator to sign in. Undefined where the person did not want to, or another request has taken its place: a
 * browser takes one at a time.
 */
export async function provePasskey(options: PasskeyRequestOptions, isAutofill = false) {
  latestRequest?.abort();
  latestRequest = new AbortController();
  const { signal } = latestRequest;
  try {
    return await getPasskey(options, { signal, ...(isAutofill && { mediation: 'conditional' }) });
  } catch (error) {
    if (/^(NotAllowed|Abort)Error$/.test((error as Error).name)) return undefined;
    throw error;
  }
}

async function getPasskey(options: PasskeyRequestOptions, how: CredentialRequestOptions) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: options.allowCredentials.map(descriptorOf),
  };
  const credential = (await navigator.credentials.get({ ...how, publicKey })) as PublicKeyCredential;
  const { clientDataJSON, authenticatorData, signature, userHandle } =
    credential.response as AuthenticatorAssertionResponse;
  return {
    ...idsOf(credential),
    response: {
      clientDataJSON: textOf(clientDataJSON),
      authenticatorData: textOf(authenticatorData),
      signature: textOf(signature),
      userHandle: userHandle && textOf(userHandle),
    },
  };
}

export async function listPasskeys(call: Call) {
  const { passkeys, signals } = await call('GET /me/passkeys');
  await signalPasskeys(signals);
  return passkeys;
}

export async function addPasskey(call: Call, name?: string) {
  const { challenge_token, public_key } = await call('POST /passkeys/registration/options');
  const credential = await createPasskey(public_key);
  const added = await call('POST /passkeys/registration', {
    challenge_token,
    credential,
    ...(name && { name }),
  });
  await signalPasskeys(added.signals);
  return added;
}

export async function removePasskey(call: Call, id: string): Promise<void> {
  const { signals } = await call('DELETE /me/passkeys/{id}', undefined, { id });
  await signalPasskeys(signals);
}

/** Asks the authenticator to make a passkey. @throws DOMException InvalidStateError where it has one already */
async function createPasskey(options: PasskeyCreationOptions) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(descriptorOf),
  };
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    ...idsOf(credential),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/** Tells authenticators which passkeys there are, where the browser can (Signal API). */
async function signalPasskeys(signals: PasskeySignals): Promise<void> {
  const { all_accepted_credentials, current_user_details } = signals;
  await signal('signalAllAcceptedCredentials', all_accepted_credentials);
  await signal('signalCurrentUserDetails', current_user_details);
}

/** Tells authenticators that a passkey is good no more. */
export const signalUnknown = (rpId: unknown, credentialId: unknown) =>
  signal('signalUnknownCredential', { rpId, credentialId });

async function signal(name: string, details: object): Promise<void> {
  const methods = globalThis.PublicKeyCredential as unknown as
    | Record<string, ((details: object) => Promise<void>) | undefined>
    | undefined;
  // It is a service to the person, and no part of what was asked for.
  await methods?.[name]?.(details).catch(() => {});
}

const idsOf = ({ id, rawId }: PublicKeyCredential) => ({
  id,
  rawId: textOf(rawId),
  type: 'public-key' as const,
});

const descriptorOf = ({ id, transports }: { id: string; transports?: string[] }) => ({
  type: 'public-key' as const,
  id: bytesOf(id),
  ...(transports && { transports: transports as AuthenticatorTransport[] }),
});

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(bytes: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}
