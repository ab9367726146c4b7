import { z } from 'zod';
import { fieldIssue, wellFormedText } from '../values/text.ts';

/** Of 1,023 bytes (WebAuthn section 4). */
const MAX_ID_LENGTH = 1_364;
const MAX_TOKEN_LENGTH = 1_024;
const MAX_TRANSPORTS = 10;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

const EXAMPLE_CREDENTIAL_ID = 'bnCqFBbGuMYjj1bkmCzlmQ';
const EXAMPLE_CHALLENGE = 'OrW3qB2MBy0XhMsFzVRMT2MwCrcgqpV4gAUhGzRRj3c';
const EXAMPLE_USER_ID = 'AaH3OWkjckiI_BkmDgfuxA';
const EXAMPLE_RP_ID = 'auth.example.com';

const base64url = (maxLength?: number) =>
  wellFormedText.refine(
    (value) => BASE64URL.test(value) && (maxLength === undefined || value.length <= maxLength),
    fieldIssue('invalid', 'Must be base64url, as toJSON() of the credential gives it.'),
  );

export const ChallengeToken = wellFormedText
  .refine(
    ({ length }) => length <= MAX_TOKEN_LENGTH,
    fieldIssue('too_long', `Must have at most ${MAX_TOKEN_LENGTH} characters.`),
  )
  .meta({ description: 'That of the options', example: 'CHALLENGE_TOKEN' });

const credentialShape = {
  id: base64url(MAX_ID_LENGTH).meta({ example: EXAMPLE_CREDENTIAL_ID }),
  rawId: base64url(MAX_ID_LENGTH).meta({ example: EXAMPLE_CREDENTIAL_ID }),
  type: z.literal('public-key'),
};

/** What is signed with the challenge. Members that mean nothing here are let pass, since browsers add more of them. */
export const Assertion = z
  .object({
    ...credentialShape,
    response: z.object({
      clientDataJSON: base64url(),
      authenticatorData: base64url(),
      signature: base64url(),
      userHandle: base64url().nullish(),
    }),
  })
  .meta({
    id: 'PasskeyAssertion',
    description: 'What navigator.credentials.get() gives, by toJSON()',
    example: {
      id: EXAMPLE_CREDENTIAL_ID,
      rawId: EXAMPLE_CREDENTIAL_ID,
      type: 'public-key',
      response: { clientDataJSON: 'BASE64URL', authenticatorData: 'BASE64URL', signature: 'BASE64URL' },
    },
  });

export type Assertion = z.infer<typeof Assertion>;

export const NewCredential = z
  .object({
    ...credentialShape,
    response: z.object({
      clientDataJSON: base64url(),
      attestationObject: base64url(),
      transports: z.array(z.string()).max(MAX_TRANSPORTS).optional(),
    }),
  })
  .meta({
    id: 'NewPasskeyCredential',
    description: 'What navigator.credentials.create() gives, by toJSON()',
    example: {
      id: EXAMPLE_CREDENTIAL_ID,
      rawId: EXAMPLE_CREDENTIAL_ID,
      type: 'public-key',
      response: { clientDataJSON: 'BASE64URL', attestationObject: 'BASE64URL', transports: ['internal'] },
    },
  });

export type NewCredential = z.infer<typeof NewCredential>;

const Descriptor = z.strictObject({
  type: z.literal('public-key'),
  id: z.string().meta({ example: EXAMPLE_CREDENTIAL_ID }),
  transports: z.array(z.string()).optional(),
});

const optionsShape = {
  challenge: z.string().meta({ example: EXAMPLE_CHALLENGE }),
  timeout: z.int().meta({ description: 'Milliseconds for which the challenge is good', example: 300_000 }),
};

/** In the names of WebAuthn, for `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export const RequestOptions = z
  .strictObject({
    ...optionsShape,
    rpId: z.string().meta({ example: EXAMPLE_RP_ID }),
    userVerification: z.literal('preferred'),
    allowCredentials: z.array(Descriptor),
  })
  .meta({ id: 'PasskeyRequestOptions', description: 'For navigator.credentials.get()' });

export type RequestOptions = z.infer<typeof RequestOptions>;

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export const CreationOptions = z
  .strictObject({
    ...optionsShape,
    rp: z.strictObject({ id: z.string().meta({ example: EXAMPLE_RP_ID }), name: z.string() }),
    user: z.strictObject({
      id: z.string().meta({ example: EXAMPLE_USER_ID }),
      name: z.string().meta({ example: 'grace@example.com' }),
      displayName: z.string().meta({ example: 'Grace Hopper' }),
    }),
    pubKeyCredParams: z.array(z.strictObject({ type: z.literal('public-key'), alg: z.int() })),
    excludeCredentials: z.array(Descriptor).meta({ description: 'The passkeys that there are' }),
    authenticatorSelection: z.strictObject({
      residentKey: z.literal('preferred'),
      requireResidentKey: z.literal(false),
      userVerification: z.literal('preferred'),
    }),
    attestation: z.literal('none'),
    extensions: z.strictObject({ credProps: z.literal(true) }),
  })
  .meta({ id: 'PasskeyCreationOptions', description: 'For navigator.credentials.create()' });

export type CreationOptions = z.infer<typeof CreationOptions>;

/** The answer with options to sign in with. */
export const RequestOptionsAnswer = z
  .strictObject({ challenge_token: ChallengeToken, public_key: RequestOptions })
  .meta({ id: 'PasskeyRequest' });
