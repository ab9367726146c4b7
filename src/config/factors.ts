import { displayName, factorMethods, integer, requiredRoles } from './values.ts';
import { variable } from './variable.ts';

/** Second factors. */
export const FACTORS_VARIABLES = {
  MFA_REQUIRED: variable({
    type: requiredRoles,
    default: 'off',
    meaning:
      'Who has to have a second factor: off, all, admins, or names of roles separated by commas; sessions of users without one can only set one up',
  }),
  MFA_METHODS: variable({
    type: factorMethods,
    default: 'totp,passkey',
    meaning:
      'What may serve as a second factor, of totp, passkey, email_code and phone_code; the last two go to the verified email address or phone number. Passkeys and recovery codes always serve',
  }),
  MFA_REMEMBER_DAYS: variable({
    type: integer(0, 365, 'days'),
    default: '30',
    meaning: 'For how many days a remembered device is not asked for a second factor; 0 remembers none',
  }),
  TOTP_ISSUER: variable({
    type: displayName,
    shown: 'Latchkey',
    meaning: 'The name of the service in authenticator apps; BRAND_NAME by default',
  }),
};
