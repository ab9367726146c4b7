import type { PasskeyCreationOptions, PasskeyRequestOptions, PasskeySignals } from './api.ts';

/*
 * The JSON of WebAuthn level 3, made here: Safari before 18.4 has no parseRequestOptionsFromJSON(), and the credentials
 * of some password managers no toJSON().
 */

/** Asks the authenticator to sign in. @throws DOMException as navigator.credentials.get() does: NotAllowedError where it is cancelled */
export async function getPasskey(options: PasskeyRequestOptions, how: CredentialRequestOptions = {}) {
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

/** Asks the authenticator to make a passkey. @throws DOMException InvalidStateError where it has one already */
export async function createPasskey(options: PasskeyCreationOptions) {
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
export async function signalPasskeys(signals: PasskeySignals): Promise<void> {
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
