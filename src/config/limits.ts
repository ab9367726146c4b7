import { integer, oneOf, rate } from './values.ts';
import { variable } from './variable.ts';

/** The variables of the rate limits. */
export const LIMITS_VARIABLES = {
  RATE_LIMITS: variable({
    type: oneOf('on', 'off'),
    default: 'on',
    meaning: 'off switches every limit below off, wrong passwords included, for benchmarks',
  }),
  RATE_LIMIT_SIGNUP_IP: variable({
    type: rate,
    default: '60/3600',
    meaning: 'Sign-ups from one address (IPv6: one /64): how many in how many seconds',
  }),
  RATE_LIMIT_LOGIN_IP: variable({
    type: rate,
    default: '60/60',
    meaning: 'Logins, and new passwords by reset links, from one address',
  }),
  RATE_LIMIT_SESSION_IP: variable({
    type: rate,
    default: '1200/60',
    meaning: 'Refreshes, logouts and options to sign in with a passkey, from one address',
  }),
  RATE_LIMIT_REFRESH_SESSION: variable({
    type: rate,
    default: '30/60',
    meaning: 'Refreshes of one session',
  }),
  RATE_LIMIT_OAUTH_IP: variable({
    type: rate,
    default: '600/60',
    meaning:
      'Requests to /oauth for tokens or without an Authorization header, and failed authentications, from one address',
  }),
  RATE_LIMIT_TOKEN: variable({
    type: rate,
    default: '600/60',
    meaning: 'Requests with the access tokens of one session, or with one of a machine client',
  }),
  RATE_LIMIT_API_KEY: variable({
    type: rate,
    default: '600/60',
    meaning: 'Requests with one API key',
  }),
  RATE_LIMIT_SEND_ADDRESS: variable({
    type: rate,
    default: '5/900',
    meaning: 'Codes and links to one email address or phone number',
  }),
  RATE_LIMIT_SEND_ACCOUNT: variable({
    type: rate,
    default: '10/3600',
    meaning: 'Codes and links that one account asks for while it is signed in',
  }),
  RATE_LIMIT_SEND_IP: variable({
    type: rate,
    default: '30/3600',
    meaning: 'Codes and links that one IP address asks for',
  }),
  RATE_LIMIT_SEND_TOTAL: variable({
    type: rate,
    default: '10000/3600',
    meaning: 'Codes and links to all addresses together',
  }),
  LOGIN_FREE_FAILURES: variable({
    type: integer(1, 100),
    default: '5',
    meaning:
      'After this many wrong passwords for one identifier each next one has to wait, twice as long as the one before',
  }),
  LOGIN_MAX_FAILURES: variable({
    type: integer(1, 100),
    default: '100',
    meaning:
      'After this many wrong passwords in a row an account is locked for devices it does not know, until it is unlocked (NIST SP 800-63B-4: at most 100)',
  }),
};
