import { type AuditEvent, LatchkeyError } from '@latchkey/client';

/** What people are told, by the codes of errors. The `message` of an error is for developers. */
const ERRORS: Record<string, string> = {
  network_error: 'The service cannot be reached. Are you online? Please try again.',
  invalid_credentials: 'Email or password is wrong.',
  wrong_password: 'That is not your password.',
  invalid_code: 'That is not the code. Look again, please.',
  invalid_factor: 'That is not the code. Wait for the next one if you have used it before.',
  code_expired: 'That code has expired. Ask for a new one.',
  code_used: 'That code has been used. Ask for a new one.',
  code_replaced: 'We have sent a newer code. Use that one.',
  too_many_tries: 'That code was tried too often. Ask for a new one.',
  invalid_link: 'That link is not valid.',
  invalid_reset_token: 'That link is not valid any more. Ask for a new one.',
  challenge_expired: 'That took too long. Please start again.',
  challenge_used: 'That was sent twice. Please start again.',
  invalid_challenge: 'Please start again.',
  email_taken: 'There is an account with this address. Sign in, or choose another password.',
  username_taken: 'Someone else has this username.',
  account_exists: 'There is an account with this address. Sign in the way you did before.',
  account_disabled: 'This account is disabled.',
  signup_disabled: 'Sign-up is closed.',
  email_not_verified: 'Please confirm your address first.',
  channel_not_configured: 'This service sends no such messages.',
  access_denied: 'You cancelled the sign-in.',
  invalid_state: 'This sign-in was not begun in this browser. Please start again.',
  provider_unavailable: 'The provider cannot be reached. Please try another way.',
  provider_error: 'The sign-in at the provider failed. Please try another way.',
  passkey_unknown: 'This passkey is not known here. Please sign in another way.',
  invalid_passkey: 'The passkey was not accepted. Please sign in another way.',
  passkey_taken: 'This passkey is here already.',
  too_many_passkeys: 'You have as many passkeys as an account can have.',
  too_many_factors: 'You have as many authenticator apps as an account can have.',
  last_factor: 'You need a second factor. Add another one before you remove this one.',
  last_sign_in_method: 'This is your only way to sign in. Add another one before you remove it.',
  factor_enrolment_required: 'You need a second factor first. Set one up under Security.',
  csrf_token_invalid: 'Another tab has signed in. See whose account this is, and try again.',
  insufficient_scope: 'Your account may not do this.',
  insufficient_user_authentication:
    'This needs a more recent sign-in. If you have neither password nor passkey, sign out and in again.',
  overloaded: 'The service is busy. Please try again in a moment.',
};

/** What a browser refuses about passkeys, by the names of its errors. */
const PASSKEY_ERRORS: Record<string, string> = {
  InvalidStateError: 'This device has a passkey of your account already.',
  NotSupportedError: 'This browser has no passkeys.',
  SecurityError: 'Passkeys cannot be used at this address.',
};

const ENDED =
  'You were signed out: your session was ended on another device, by a new password or by an administrator, or it had expired.';

/** Why a session has ended, by the codes of `session.reason`. */
const REASONS: Record<string, string> = {
  signed_out: 'You have signed out.',
  session_ended: ENDED,
  token_revoked: ENDED,
  invalid_refresh_token: ENDED,
  token_missing: 'You were signed out in this browser.',
  refresh_token_reused:
    'We ended your session to be safe: a copy of it was used somewhere else. Sign in, and look at your devices.',
};

const FIELDS: Record<string, string> = {
  invalid_email: 'This is not an email address.',
  invalid_phone: 'Type the number with its country, such as +49 151 12345678.',
  country_not_allowed: 'We send no messages to this country.',
  invalid_username: 'A username has 3 to 32 letters (a–z), digits or the characters _ . -',
  invalid_code_format: 'The code has six digits.',
  password_too_short: 'This password is too short.',
  password_too_long: 'This password is too long.',
  password_common: 'This password is one of the first that attackers try.',
  password_unchanged: 'This is the password that you have.',
  password_personal: 'This password is too close to your name or address.',
  too_long: 'This is too long.',
};

export const cancelled = () => new DOMException('cancelled by the person', 'AbortError');

/** Whether the person has closed a dialog of this app or of the browser. */
export const isCancelled = (error: unknown): boolean =>
  error instanceof DOMException && /^(Abort|NotAllowed)Error$/.test(error.name);

/** What went wrong, for people. */
export function inWords(error: unknown): string {
  if (error instanceof DOMException && PASSKEY_ERRORS[error.name])
    return PASSKEY_ERRORS[error.name] as string;
  if (!(error instanceof LatchkeyError)) {
    // A bug in this app, which developers should see.
    console.error(error);
    return 'Something went wrong. Please try again.';
  }
  if (error.code === 'rate_limited')
    return `Too many tries. Please wait ${waitInWords(error.retryAfterSeconds)}.`;
  const [fieldError] = Object.values(error.fields);
  // What no answer has said comes from the address, where anyone can write.
  const other =
    error.status === 0 ? 'That did not work. Please try again.' : `That did not work: ${error.message}`;
  return ERRORS[error.code] ?? (fieldError ? textOfField(fieldError) : other);
}

export const textOfField = ({ code, detail }: { code: string; detail: string }): string =>
  FIELDS[code] ?? detail;

export const reasonInWords = (reason: string): string => REASONS[reason] ?? 'Your session has ended.';

function waitInWords(seconds = 60): string {
  return seconds < 90 ? `${Math.max(1, seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}

const BROWSERS = [
  [/Edg/, 'Edge'],
  [/OPR/, 'Opera'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/Chrome|CriOS/, 'Chrome'],
  [/Safari/, 'Safari'],
  [/^curl/, 'curl'],
] as const;
const SYSTEMS = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'Mac'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
] as const;

/** A device by its User-Agent, as people call it. */
export function deviceInWords(userAgent: string | null): string {
  const find = (names: typeof BROWSERS | typeof SYSTEMS) =>
    names.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  return [find(BROWSERS), find(SYSTEMS)].filter(Boolean).join(' on ') || 'Unknown device';
}

const METHODS: Record<string, string> = {
  password: 'password',
  email_code: 'code by mail',
  phone_code: 'code by SMS',
  email_link: 'link by mail',
  passkey: 'passkey',
};

/** How a session began. */
export const methodInWords = (method: string): string => METHODS[method] ?? method;

const EVENTS: Partial<Record<AuditEvent['type'], string>> = {
  'user.signed_up': 'You opened your account',
  'user.created': 'Your account was opened for you',
  'user.imported': 'Your account was brought here',
  'user.updated': 'The profile was changed',
  'user.disabled': 'The account was disabled',
  'user.enabled': 'The account was enabled again',
  'user.locked': 'The account was locked after too many wrong passwords',
  'user.unlocked': 'The account was unlocked',
  'user.roles_changed': 'What the account may do was changed',
  'user.password_change_forced': 'An administrator asked for a new password',
  'user.locked_down': 'The account was locked down',
  'email.verified': 'The email address was confirmed',
  'email.changed': 'The email address was changed',
  'email.restored': 'The former email address was restored',
  'phone.changed': 'The phone number was changed',
  'phone.removed': 'The phone number was removed',
  'identity.linked': 'A provider was added',
  'identity.removed': 'A provider was removed',
  'factor.added': 'A second factor was added',
  'factor.removed': 'A second factor was removed',
  'factor.refused': 'A second factor was wrong',
  'factors.reset': 'An administrator reset the second factors',
  'recovery_codes.made': 'Recovery codes were made',
  'recovery_code.used': 'A recovery code was used',
  'recovery_codes.few': 'Few recovery codes are left',
  'device.remembered': 'A device was remembered',
  'device.forgotten': 'A device is asked for a second factor again',
  'passkey.added': 'A passkey was added',
  'passkey.renamed': 'A passkey was renamed',
  'passkey.removed': 'A passkey was removed',
  'passkey.refused': 'A passkey was refused',
  'code.sent': 'A code or link was sent',
  'code.refused': 'A code was wrong',
  'login.succeeded': 'Signed in',
  'login.challenged': 'Asked for a second factor',
  'login.failed': 'A sign-in failed',
  logout: 'Signed out',
  'session.ended': 'A device was signed out',
  'session.reauthenticated': 'You proved again that it is you',
  'refresh.repeated': 'A session was renewed again after a lost answer',
  'refresh.reused': 'A copy of a session was used, and the session ended',
  'password.changed': 'The password was changed',
  'password.refused': 'A wrong password was typed',
  'password.reset': 'The password was reset by mail',
  'reset_link.created': 'An administrator made a link to reset the password',
  'api_key.created': 'An API key was made',
  'api_key.deleted': 'An API key was deleted',
};

export const eventInWords = ({ type }: AuditEvent): string => EVENTS[type] ?? type.replaceAll(/[._]/g, ' ');
