import { z } from 'zod';
import { ChallengeId } from '../../core/codes/fields.ts';
import { IdentityView } from '../../core/identities/view.ts';
import { DeviceToken, TransportField } from '../../core/sign-in/login-view.ts';
import { ReturnTo } from '../../core/sign-in/return-to-field.ts';
import { fieldIssue, wellFormedText } from '../../core/values/text.ts';

const MAX_PARAMETER_LENGTH = 4_096;
const MAX_HINT_LENGTH = 254;
const MAX_NONCE_LENGTH = 256;

const ProviderId = z.string().meta({ description: 'An id of GET /login/providers', example: 'google' });

export const ProviderPath = z.object({ provider: ProviderId });
export const ProviderToLinkPath = z.object({ id: ProviderId });
export const IdentityPath = z.object({ id: z.uuid().toLowerCase() });

const Prompt = z.enum(['login', 'consent', 'select_account']).optional().meta({
  description: 'What the provider is to ask for: the password again, consent, or which account to use',
});

const LoginHint = boundedText(MAX_HINT_LENGTH)
  .optional()
  .meta({ description: 'The address or name to fill in at the provider', example: 'grace@example.com' });

const AppChallengeId = ChallengeId.optional().meta({
  description:
    'A UUID that your page makes and keeps. Sent to POST /login/exchange as well, it keeps the page from taking a code that an attacker has planted',
});

export const BeginQuery = z.object({
  return_to: ReturnTo,
  transport: TransportField,
  challenge_id: AppChallengeId,
  prompt: Prompt,
  login_hint: LoginHint,
});

/** The parameters of an authorization response that mean something here; all others are dropped. */
const responseShape = {
  state: boundedText(MAX_PARAMETER_LENGTH).optional(),
  code: boundedText(MAX_PARAMETER_LENGTH).optional(),
  iss: boundedText(MAX_PARAMETER_LENGTH).optional(),
  error: boundedText(MAX_PARAMETER_LENGTH).optional(),
  error_description: boundedText(MAX_PARAMETER_LENGTH).optional(),
  /** Apple's, with the name of the person. */
  user: boundedText(MAX_PARAMETER_LENGTH).optional(),
};

export const CallbackParameters = z
  .object(responseShape)
  .transform((response) =>
    Object.fromEntries(
      Object.entries(response).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  );

const IdToken = wellFormedText.meta({ description: 'As the provider issued it', example: 'ID_TOKEN' });

const Nonce = boundedText(MAX_NONCE_LENGTH).meta({
  description: 'The random text that the app chose; the token holds it, or its SHA-256 in hexadecimal',
  example: 'NONCE',
});

export const IdTokenBody = z
  .strictObject({
    id_token: IdToken,
    nonce: Nonce,
    transport: TransportField,
    device_token: DeviceToken.optional(),
  })
  .meta({ id: 'IdTokenSignIn' });

export const LinkIdentityBody = z
  .strictObject({
    return_to: ReturnTo.optional(),
    prompt: Prompt,
    login_hint: LoginHint,
    id_token: IdToken.optional(),
    nonce: Nonce.optional(),
  })
  .refine(
    ({ return_to: returnTo, id_token: idToken, nonce }) =>
      returnTo === undefined
        ? idToken !== undefined && nonce !== undefined
        : idToken === undefined && nonce === undefined,
    {
      ...fieldIssue('one_proof', 'Send return_to, or id_token and nonce.'),
      when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
    },
  )
  .meta({ id: 'IdentityLink', example: { return_to: 'https://app.example.com/account' } });

export const ProvidersAnswer = z
  .strictObject({
    providers: z.array(
      z.strictObject({
        id: z.string().meta({ example: 'google' }),
        name: z.string().meta({ description: 'As people know it', example: 'Google' }),
      }),
    ),
  })
  .meta({ id: 'Providers' });

export const IdentitiesAnswer = z.strictObject({ identities: z.array(IdentityView) });

export const IdentityAnswer = z.strictObject({ identity: IdentityView });

export const AuthorizationAnswer = z
  .strictObject({
    authorization_url: z.url().meta({
      description: 'The page of the provider to lead the browser to',
      example: 'https://accounts.example.com/authorize?client_id=latchkey',
    }),
  })
  .meta({ id: 'Authorization' });

export const ProviderTokenAnswer = z
  .strictObject({
    access_token: z.string().meta({ example: 'ACCESS_TOKEN' }),
    expires_at: z.iso.datetime().nullable().meta({ description: 'Null where the provider does not say' }),
    scope: z
      .string()
      .nullable()
      .meta({ description: 'As the provider wrote it; null where it does not say' }),
  })
  .meta({ id: 'ProviderToken' });

function boundedText(maxLength: number) {
  return wellFormedText.refine(
    ({ length }) => length <= maxLength,
    fieldIssue('too_long', `Must have at most ${maxLength} characters.`),
  );
}
