import { PROVIDER_VARIABLES } from '../providers/table.ts';
import { domains, flag } from './values.ts';
import { variable } from './variable.ts';

/** Signing in by providers. */
export const SOCIAL_VARIABLES = {
  ...PROVIDER_VARIABLES,
  SOCIAL_SIGNUP: variable({
    type: flag,
    default: 'true',
    meaning: 'Whether the first sign-in by a provider makes an account',
  }),
  SOCIAL_DOMAINS: variable({
    type: domains,
    default: '',
    meaning:
      'Comma-separated domains, such as example.com: only a verified address of one of them makes an account; empty for no such limit',
  }),
  SOCIAL_WITHOUT_EMAIL: variable({
    type: flag,
    default: 'false',
    meaning: 'Whether people whose provider gives no email address may have an account',
  }),
  STORE_PROVIDER_TOKENS: variable({
    type: flag,
    default: 'false',
    meaning:
      'Whether the tokens of providers are kept, encrypted, for GET /me/identities/{id}/token; providers are then asked for refresh tokens too',
  }),
};
