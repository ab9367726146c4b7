import { z } from 'zod';
import { RecoveryCodes } from '../../core/factors/view.ts';
import { Assertion, ChallengeToken, CreationOptions, NewCredential } from '../../core/passkeys/fields.ts';
import { PasskeySignals, PasskeyView } from '../../core/passkeys/view.ts';
import { DeviceToken, TransportField } from '../../core/sign-in/login-view.ts';
import { ReauthenticationAnswer } from '../../core/sign-in/reauthentication-view.ts';
import { Email } from '../../core/users/fields.ts';
import { Id } from '../../core/values/fields.ts';
import { displayText } from '../../core/values/text.ts';

const MAX_NAME_LENGTH = 100;

const PasskeyName = displayText({ code: 'invalid_name', minLength: 1, maxLength: MAX_NAME_LENGTH }).meta({
  maxLength: MAX_NAME_LENGTH,
  example: 'My phone',
});

export const PasskeyPath = z.object({ id: Id });

export const CreationOptionsAnswer = z
  .strictObject({ challenge_token: ChallengeToken, public_key: CreationOptions })
  .meta({ id: 'PasskeyCreation' });

export const RegisterBody = z
  .strictObject({
    challenge_token: ChallengeToken,
    credential: NewCredential,
    name: PasskeyName.optional().meta({
      description: 'As you call it; by default the browser and its system',
      example: 'My phone',
    }),
  })
  .meta({ id: 'PasskeyRegistration' });

export const RenameBody = z.strictObject({ name: PasskeyName }).meta({ id: 'PasskeyChange' });

export const PasskeyAnswer = z
  .strictObject({ passkey: PasskeyView, signals: PasskeySignals })
  .meta({ id: 'PasskeyAnswer' });

export const RegisteredAnswer = PasskeyAnswer.extend({
  recovery_codes: RecoveryCodes.nullable().meta({ description: 'Null where the account has some' }),
  session: ReauthenticationAnswer.meta({ description: 'It is authenticated by two factors now' }),
}).meta({ id: 'RegisteredPasskey' });

export const PasskeysAnswer = z
  .strictObject({ passkeys: z.array(PasskeyView), signals: PasskeySignals })
  .meta({ id: 'Passkeys' });

export const RemovedAnswer = z.strictObject({ signals: PasskeySignals }).meta({ id: 'PasskeyRemoved' });

export const SignInOptionsBody = z
  .strictObject({
    email: Email.optional().meta({
      description: 'For security keys that do not remember accounts; leave it out for all others',
      example: 'grace@example.com',
    }),
    transport: TransportField,
  })
  .meta({ id: 'PasskeySignInOptions' })
  .optional();

export const SignInBody = z
  .strictObject({
    challenge_token: ChallengeToken,
    credential: Assertion,
    transport: TransportField,
    device_token: DeviceToken.optional(),
  })
  .meta({ id: 'PasskeySignIn' });

export const RelatedOrigins = z
  .strictObject({ origins: z.array(z.string()).meta({ example: ['https://app.example.com'] }) })
  .meta({ id: 'RelatedOrigins' });
