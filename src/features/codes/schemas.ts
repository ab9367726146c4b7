import { z } from 'zod';
import { addressShape, ChallengeId, codeShape, LinkToken } from '../../core/codes/fields.ts';
import { DeviceToken, TransportField } from '../../core/sign-in/login-view.ts';
import { ReturnTo } from '../../core/sign-in/return-to-field.ts';
import { Email } from '../../core/users/fields.ts';
import { fieldIssue } from '../../core/values/text.ts';

export const CodeBody = z
  .strictObject(addressShape)
  .refine(({ email, phone }) => (email === undefined) !== (phone === undefined), {
    ...fieldIssue('one_address', 'Send exactly one of email and phone.'),
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .meta({ id: 'CodeRequest', example: { email: 'grace@example.com' } });

export const CodeSignInBody = z
  .strictObject({ ...codeShape, transport: TransportField, device_token: DeviceToken.optional() })
  .meta({ id: 'CodeSignIn' });

const LinkReturnTo = ReturnTo.meta({
  description:
    'The page that the link leads back to, with the parameter code: one of RETURN_URLS. Without it the link shows a code to type',
});

export const LinkBody = z
  .strictObject({ email: Email, return_to: LinkReturnTo.optional(), transport: TransportField })
  .meta({ id: 'LinkRequest', example: { email: 'grace@example.com' } });

export const ExchangeBody = z
  .strictObject({
    code: LinkToken.meta({
      description: 'The parameter code of the page that a link or a provider has led back to',
    }),
    challenge_id: ChallengeId.optional().meta({
      description:
        'That of the answer to POST /login/link, or the one that was sent to GET /login/{provider}, where the page has kept it. With it the page takes no code that an attacker has planted to sign it in to their account',
    }),
    transport: TransportField,
    device_token: DeviceToken.optional(),
  })
  .meta({ id: 'CodeExchange' });
