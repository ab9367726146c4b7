import { z } from 'zod';
import { CODE_ERRORS } from '../../core/codes/errors.ts';
import { codeShape, presentSent, SentAnswer } from '../../core/codes/fields.ts';
import { Phone } from '../../core/users/phone.ts';
import { presentUser, UserAnswer } from '../../core/users/view.ts';
import { session, stepUp } from '../../http/access.ts';
import { noContent, ok } from '../../http/answer.ts';
import { json } from '../../http/body.ts';
import { routesWith } from '../../http/route.ts';
import { ACCOUNTS } from '../../http/tags.ts';
import type { PhoneNumbers } from './phone.ts';

const route = routesWith<{ readonly phoneNumbers: PhoneNumbers }>();

const PhoneBody = z.strictObject({ phone: Phone }).meta({ id: 'PhoneNumber' });
const PhoneCodeBody = z.strictObject(codeShape).meta({ id: 'PhoneCode' });

export const phoneRoutes = [
  route({
    id: 'changePhone',
    method: 'POST',
    path: '/me/phone',
    tag: ACCOUNTS,
    summary: 'Add a phone number, or change it',
    description: 'It is yours once POST /me/phone/verify proves it. With it you sign in by POST /otp.',
    access: stepUp(session()),
    limit: 'send-ip',
    body: json(PhoneBody),
    answers: { 202: { description: 'A code is on its way', schema: SentAnswer } },
    refuses: ['channel_not_configured'],
    async handle({ body, caller, count }, { phoneNumbers }) {
      return presentSent(await phoneNumbers.requestChange(caller, body.phone, count));
    },
  }),

  route({
    id: 'verifyPhone',
    method: 'POST',
    path: '/me/phone/verify',
    tag: ACCOUNTS,
    summary: 'Prove that the phone number is yours',
    access: session(),
    body: json(PhoneCodeBody),
    answers: { 200: { description: 'The account with the number', schema: UserAnswer } },
    refuses: [...CODE_ERRORS, 'phone_taken'],
    async handle({ body: { challenge_id: id, code }, caller }, { phoneNumbers }) {
      return ok(presentUser(await phoneNumbers.change(caller, { id, code })));
    },
  }),

  route({
    id: 'removePhone',
    method: 'DELETE',
    path: '/me/phone',
    tag: ACCOUNTS,
    summary: 'Remove your phone number',
    description: 'It stays where it is the last way to sign in.',
    access: stepUp(session()),
    answers: { 204: 'There is no number any more' },
    refuses: ['last_sign_in_method'],
    async handle({ caller }, { phoneNumbers }) {
      await phoneNumbers.remove(caller);
      return noContent();
    },
  }),
];
