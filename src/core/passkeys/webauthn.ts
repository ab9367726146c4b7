import { AppError } from '../errors.ts';
import type { Assertion, NewCredential } from './fields.ts';
import type { Passkey, RegisteredCredential } from './passkey.ts';

/** The service as browsers and authenticators know it. */
export interface RelyingParty {
  readonly rpId: string;
  readonly rpName: string;
  /** Of pages, and of apps, as clients write them. */
  readonly origins: readonly string[];
  /** Whether pages of this host may take part, from any port. */
  readonly allowsLocalhost: boolean;
}

/** What an authenticator has signed. */
export interface VerifiedAssertion {
  readonly isUserVerified: boolean;
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/** EdDSA, ES256 and RS256, the best first, by their numbers in COSE. */
export const ALGORITHMS = [-8, -7, -257];

const LOCALHOST = /^https?:\/\/localhost(:\d{1,5})?$/;
const TRANSPORTS: readonly string[] = ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal', 'cable'];
/** The id of WebAuthn takes 1,023 bytes at most. */
const MAX_ID_BYTES = 1_023;

/** Loaded when first needed, since that takes longer than the service to start. */
const library = () => import('@simplewebauthn/server');
const helpers = () => import('@simplewebauthn/server/helpers');

/**
 * Verifies what an authenticator has made (WebAuthn section 7.1). Attestation is not asked for, and what comes of it anyway
 * is not looked at.
 * @throws AppError invalid_passkey
 */
export async function verifyRegistration(
  credential: NewCredential,
  challenge: string,
  relyingParty: RelyingParty,
): Promise<RegisteredCredential> {
  const { clientDataJSON, attestationObject, transports = [] } = credential.response;
  const expectedOrigin = originsFor(clientDataJSON, relyingParty);
  const { verifyRegistrationResponse } = await library();
  const { registrationInfo } = await orInvalid(async () =>
    verifyRegistrationResponse({
      response: {
        ...credential,
        response: { clientDataJSON, attestationObject: await withoutStatement(attestationObject) },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  );
  if (registrationInfo === undefined) throw new AppError('invalid_passkey');
  const { credential: made, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo;
  if (made.id !== credential.id || Buffer.from(made.id, 'base64url').length > MAX_ID_BYTES)
    throw new AppError('invalid_passkey');
  return {
    credentialId: made.id,
    publicKey: Buffer.from(made.publicKey).toString('base64url'),
    counter: made.counter,
    transports: TRANSPORTS.filter((transport) => transports.includes(transport)),
    aaguid,
    isBackupEligible: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp,
  };
}

/**
 * Verifies what an authenticator has signed (WebAuthn section 7.2), but for the counter, which says something only where
 * all else is right.
 * @throws AppError invalid_passkey
 */
export async function verifyAssertion(
  credential: Assertion,
  { publicKey, isBackupEligible }: Pick<Passkey, 'publicKey' | 'isBackupEligible'>,
  challenge: string,
  relyingParty: RelyingParty,
): Promise<VerifiedAssertion> {
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  const expectedOrigin = originsFor(clientDataJSON, relyingParty);
  const { verifyAuthenticationResponse } = await library();
  const { verified, authenticationInfo: info } = await orInvalid(() =>
    verifyAuthenticationResponse({
      response: {
        ...credential,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin,
      expectedRPID: relyingParty.rpId,
      // Greater than any counter would be a lower one, so none is refused here.
      credential: { id: credential.id, publicKey: Buffer.from(publicKey, 'base64url'), counter: 0 },
      requireUserVerification: false,
    }),
  );
  // Whether it may be copied is said once and for all when it is made.
  const isSameKind = (info.credentialDeviceType === 'multiDevice') === isBackupEligible;
  if (!verified || !isSameKind) throw new AppError('invalid_passkey');
  return {
    isUserVerified: info.userVerified,
    counter: info.newCounter,
    isBackedUp: info.credentialBackedUp,
  };
}

/**
 * The origins that may take part. A page in the frame of another site may not: its visitor does not see where they are.
 * @throws AppError invalid_passkey
 */
function originsFor(clientDataJSON: string, { origins, allowsLocalhost }: RelyingParty): string[] {
  const { origin, crossOrigin } = clientDataOf(clientDataJSON);
  if (crossOrigin === true) {
    const detail = 'The page was in a frame of another site, where no passkey is taken.';
    throw new AppError('invalid_passkey', detail);
  }
  const isLocal = allowsLocalhost && typeof origin === 'string' && LOCALHOST.test(origin);
  return [...origins, ...(isLocal ? [origin] : [])];
}

function clientDataOf(clientDataJSON: string): { readonly origin?: unknown; readonly crossOrigin?: unknown } {
  try {
    const clientData: unknown = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString());
    if (typeof clientData === 'object' && clientData !== null) return clientData;
  } catch {
    // As any other that no browser writes.
  }
  throw new AppError('invalid_passkey');
}

/** The same as an authenticator makes it that attests nothing. */
async function withoutStatement(attestationObject: string): Promise<string> {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await helpers();
  const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get('authData');
  const bare = new Map<string, string | Uint8Array | Map<string, never>>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, never>()],
    ['authData', authData],
  ]);
  return isoBase64URL.fromBuffer(isoCBOR.encode(bare));
}

/** The library throws whatever is wrong, and so does its parser. @throws AppError invalid_passkey */
async function orInvalid<Result>(verify: () => Promise<Result>): Promise<Result> {
  try {
    return await verify();
  } catch (cause) {
    throw new AppError('invalid_passkey', undefined, { cause });
  }
}
