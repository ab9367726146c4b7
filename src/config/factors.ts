import { factorMethods, integer, requiredRoles, text } from './values.ts';
import { variable } from './variable.ts';

/** Second factors. */
export const FACTORS_VARIABLES = {
  MFA_REQUIRED: variable({
    type: requiredRoles,
    default: 'off',
    meaning:
      'Who has to have a second factor: off, all, admins, or names of roles separated by commas; a sign-in without one can only enrol it',
  }),
  MFA_METHODS: variable({
    type: factorMethods,
    default: 'totp,passkey',
    meaning:
      'What may serve as a second factor, of totp, passkey, email_code and phone_code; the last two go to a verified address',
  }),
  MFA_REMEMBER_DAYS: variable({
    type: integer(0, 365, 'days'),
    default: '30',
    meaning: 'How long a device is remembered on which no second factor is asked for; 0 remembers none',
  }),
  TOTP_ISSUER: variable({
    type: text('a name'),
    default: 'Latchkey',
    meaning: 'The name of the service in authenticator apps',
  }),
};
