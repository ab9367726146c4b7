/** What the API takes and answers. Made from the OpenAPI document by `npm run generate`. */

export type SignupAnswer = SignupAnswerWithTokens | SignupAnswerWithCookie;
export type SignInAnswer = LoginAnswer | CookieLoginAnswer;
export type ReauthenticationAnswer =
  | {
      /**
       * Send it as Authorization: Bearer ACCESS_TOKEN
       */
      access_token: string;
      token_type: 'Bearer';
      /**
       * Seconds for which the access token is valid
       */
      expires_in: number;
      /**
       * What it allows: permissions separated by spaces
       */
      scope: string;
      /**
       * By how many factors the session is authenticated now
       */
      acr: '1' | '2';
      /**
       * Since when, in seconds since 1970
       */
      auth_time: number;
    }
  | {
      /**
       * Send it as X-CSRF-Token with every change
       */
      csrf_token: string;
      /**
       * When the session ends unless it is used
       */
      expires_at: string;
      /**
       * By how many factors the session is authenticated now
       */
      acr: '1' | '2';
      /**
       * Since when, in seconds since 1970
       */
      auth_time: number;
    };

export interface Routes {
  /**
   * Create an account and log in
   */
  'POST /signup': {
    body: Signup;
    answer: SignupAnswer | SentCode;
  };
  /**
   * Read your account
   */
  'GET /me': {
    answer: {
      user: Me;
    };
  };
  /**
   * Change your name, username or language
   */
  'PATCH /me': {
    body: ProfileChange;
    answer: {
      user: Me;
    };
  };
  /**
   * Delete your account
   */
  'DELETE /me': {
    body?: AccountRemoval;
    answer: undefined;
  };
  /**
   * Delete your account, where a DELETE with a body does not get through
   */
  'POST /me/delete': {
    body?: AccountRemoval;
    answer: undefined;
  };
  /**
   * Log in with an email address or a username, and a password
   */
  'POST /login': {
    body: Login;
    answer: SignInAnswer;
  };
  /**
   * Change your password
   */
  'POST /me/password': {
    body: PasswordChange;
    answer: undefined;
  };
  /**
   * Prove again who you are, for what takes a recent authentication
   */
  'POST /me/reauthenticate': {
    body: Reauthentication;
    answer: ReauthenticationAnswer;
  };
  /**
   * Get a code by SMS or mail, to sign in or up
   */
  'POST /otp': {
    body: CodeRequest;
    answer: SentCode;
  };
  /**
   * Sign in or up with a code
   */
  'POST /otp/verify': {
    body: CodeSignIn;
    answer: SignInAnswer;
  };
  /**
   * Get a link by mail, to sign in or up
   */
  'POST /login/link': {
    body: LinkRequest;
    answer: SentCode;
  };
  /**
   * Change the code that a sign-in has led back with for a session
   */
  'POST /login/exchange': {
    body: CodeExchange;
    answer: SignInAnswer;
  };
  /**
   * Prove that an email address is yours
   */
  'POST /email/verify': {
    body: EmailVerification;
    answer: undefined;
  };
  /**
   * Get another code and link for your email address
   */
  'POST /email/verify/resend': {
    body: EmailAddress;
    answer: SentCode;
  };
  /**
   * Change your email address
   */
  'POST /me/email': {
    body: EmailAddress;
    answer: SentCode;
  };
  /**
   * Undo a change of your email address
   */
  'POST /email/undo': {
    body: EmailUndo;
    answer: undefined;
  };
  /**
   * Add a phone number, or change it
   */
  'POST /me/phone': {
    body: PhoneNumber;
    answer: SentCode;
  };
  /**
   * Remove your phone number
   */
  'DELETE /me/phone': {
    answer: undefined;
  };
  /**
   * Prove that the phone number is yours
   */
  'POST /me/phone/verify': {
    body: PhoneCode;
    answer: {
      user: User;
    };
  };
  /**
   * Get the options to sign in with a passkey
   */
  'POST /login/passkey/options': {
    body?: PasskeySignInOptions;
    answer: PasskeyRequest;
  };
  /**
   * Sign in with a passkey
   */
  'POST /login/passkey': {
    body: PasskeySignIn;
    answer: SignInAnswer;
  };
  /**
   * Get the options to make a passkey with
   */
  'POST /passkeys/registration/options': {
    answer: PasskeyCreation;
  };
  /**
   * Add a passkey
   */
  'POST /passkeys/registration': {
    body: PasskeyRegistration;
    answer: RegisteredPasskey;
  };
  /**
   * List your passkeys
   */
  'GET /me/passkeys': {
    answer: Passkeys;
  };
  /**
   * Rename a passkey
   */
  'PATCH /me/passkeys/{id}': {
    body: PasskeyChange;
    params: {
      id: string;
    };
    answer: PasskeyAnswer;
  };
  /**
   * Remove a passkey
   */
  'DELETE /me/passkeys/{id}': {
    params: {
      id: string;
    };
    answer: PasskeyRemoved;
  };
  /**
   * List the providers to sign in with
   */
  'GET /login/providers': {
    answer: Providers;
  };
  /**
   * Begin to sign in, or up, at a provider
   */
  'GET /login/{provider}': {
    params: {
      /**
       * An id of GET /login/providers
       */
      provider: string;
      /**
       * The page to lead back to: one of RETURN_URLS
       */
      return_to: string;
      /**
       * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
       */
      transport?: 'token' | 'cookie';
      /**
       * A UUID that your page makes and keeps. Sent to POST /login/exchange as well, it keeps the page from taking a code that an attacker has planted
       */
      challenge_id?: string;
      /**
       * What the provider is to ask for: the password again, consent, or which account to use
       */
      prompt?: 'login' | 'consent' | 'select_account';
      /**
       * The address or name to fill in at the provider
       */
      login_hint?: string;
    };
    answer: undefined;
  };
  /**
   * Sign in, or up, with an ID token
   */
  'POST /login/{provider}/id-token': {
    body: IdTokenSignIn;
    params: {
      /**
       * An id of GET /login/providers
       */
      provider: string;
    };
    answer: SignInAnswer;
  };
  /**
   * List the providers that you sign in with
   */
  'GET /me/identities': {
    answer: {
      identities: Identity[];
    };
  };
  /**
   * Add a provider to sign in with
   */
  'POST /me/identities/{id}': {
    body: IdentityLink;
    params: {
      /**
       * An id of GET /login/providers
       */
      id: string;
    };
    answer:
      | Authorization
      | {
          identity: Identity;
        };
  };
  /**
   * Remove a provider
   */
  'DELETE /me/identities/{id}': {
    params: {
      id: string;
    };
    answer: undefined;
  };
  /**
   * Get an access token of a provider
   */
  'GET /me/identities/{id}/token': {
    params: {
      id: string;
    };
    answer: ProviderToken;
  };
  /**
   * Complete a sign-in with a second factor
   */
  'POST /login/factor': {
    body: FactorLogin;
    answer: SignInAnswer;
  };
  /**
   * Send a code that serves as the second factor
   */
  'POST /login/factor/code': {
    body: FactorCodeRequest;
    answer: {
      /**
       * Seconds for which the code is good
       */
      expires_in: number;
    };
  };
  /**
   * Get the options to use a passkey as the second factor
   */
  'POST /login/factor/options': {
    body: FactorOptionsRequest;
    answer: {
      public_key: PasskeyRequestOptions;
    };
  };
  /**
   * List your second factors
   */
  'GET /me/factors': {
    answer: {
      totp: TotpFactor[];
      /**
       * How many: GET /me/passkeys lists them
       */
      passkeys: number;
      /**
       * How many are left
       */
      recovery_codes: number;
    };
  };
  /**
   * Start setting up an authenticator app
   */
  'POST /me/factors/totp': {
    body?: NewTotpFactor;
    answer: TotpEnrolment;
  };
  /**
   * Finish setting up an authenticator app, with its first code
   */
  'POST /me/factors/totp/{id}/confirm': {
    body: FirstCode;
    params: {
      id: string;
    };
    answer: {
      factor: TotpFactor;
      /**
       * Null where the account has some
       */
      recovery_codes: string[] | null;
      session: ReauthenticationAnswer;
    };
  };
  /**
   * Rename an authenticator app
   */
  'PATCH /me/factors/totp/{id}': {
    body: TotpFactorChange;
    params: {
      id: string;
    };
    answer: {
      factor: TotpFactor;
    };
  };
  /**
   * Remove an authenticator app
   */
  'DELETE /me/factors/totp/{id}': {
    params: {
      id: string;
    };
    answer: undefined;
  };
  /**
   * Make new recovery codes
   */
  'POST /me/recovery-codes': {
    answer: {
      /**
       * Ten, each good once. They are shown this once
       */
      recovery_codes: string[];
    };
  };
  /**
   * Ask a device for a second factor again
   */
  'DELETE /me/remembered-devices/{id}': {
    params: {
      id: string;
    };
    answer: undefined;
  };
  /**
   * Lock your account, where someone else may be in it
   */
  'POST /me/lockdown': {
    answer: undefined;
  };
  /**
   * Lock your account by the link of a mail about a new device
   */
  'POST /lockdown': {
    body: Lockdown;
    answer: undefined;
  };
  /**
   * Exchange a refresh token for a new access token and the next refresh token
   */
  'POST /refresh': {
    body: Refresh;
    answer: RefreshAnswer;
  };
  /**
   * Log out
   */
  'POST /logout': {
    body?: Logout;
    params: {
      /**
       * This session, all others of the user, or all
       */
      scope?: 'local' | 'others' | 'global';
    };
    answer: undefined;
  };
  /**
   * List your sessions
   */
  'GET /sessions': {
    answer: {
      sessions: Session[];
      remembered_devices: RememberedDevice[];
    };
  };
  /**
   * End one of your sessions
   */
  'DELETE /sessions/{id}': {
    params: {
      id: string;
    };
    answer: undefined;
  };
  /**
   * Get the CSRF token of your session, after a reload
   */
  'GET /csrf': {
    answer: CsrfAnswer;
  };
  /**
   * Get an access token for another service
   */
  'POST /session/token': {
    body?: SessionToken;
    answer: SessionTokenAnswer;
  };
  /**
   * Get a code with which an app begins a session of its own
   */
  'POST /session/code': {
    body?: SessionCodeRequest;
    answer: SessionCode;
  };
  /**
   * List your API keys
   */
  'GET /api-keys': {
    answer: {
      api_keys: ApiKey[];
    };
  };
  /**
   * Create an API key
   */
  'POST /api-keys': {
    body: ApiKeyWish;
    answer: NewApiKey;
  };
  /**
   * Read one of your API keys
   */
  'GET /api-keys/{id}': {
    params: {
      id: string;
    };
    answer: ApiKey;
  };
  /**
   * Delete one of your API keys
   */
  'DELETE /api-keys/{id}': {
    params: {
      id: string;
    };
    answer: undefined;
  };
  /**
   * Export your data
   */
  'GET /me/export': {
    answer: Export;
  };
  /**
   * Get a code and a link to choose another password
   */
  'POST /password/forgot': {
    body: PasswordForgotten;
    answer: SentCode;
  };
  /**
   * Choose another password with a code or the token of a link
   */
  'POST /password/reset': {
    body: PasswordReset;
    answer: undefined;
  };
  /**
   * List the activity of your account
   */
  'GET /me/activity': {
    params: {
      limit?: number;
      /**
       * next_cursor of the page before
       */
      cursor?: string;
    };
    answer: {
      events: AuditEvent[];
      /**
       * Send it as cursor for the next page; null on the last one
       */
      next_cursor: string | null;
    };
  };
}
export interface Signup {
  email: string;
  /**
   * At least PASSWORD_MIN_LENGTH characters (8), none of the common ones; spaces and case count
   */
  password: string;
  username?: string;
  /**
   * Shown to people; empty for none
   */
  name?: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
}
export interface SignupAnswerWithTokens {
  user: User;
  /**
   * Send it as Authorization: Bearer ACCESS_TOKEN
   */
  access_token: string;
  token_type: 'Bearer';
  /**
   * Seconds for which the access token is valid
   */
  expires_in: number;
  /**
   * Exchange it at POST /refresh; single use
   */
  refresh_token: string;
  /**
   * Seconds for which the refresh token is valid
   */
  refresh_expires_in: number;
  /**
   * Keep it, and send it with the next login on this device
   */
  device_token: string;
  /**
   * For POST /email/verify with the code that was mailed; null where the service sends no mail
   */
  verification: SentCode | null;
}
export interface User {
  id: string;
  /**
   * Null for a user who signs in by phone
   */
  email: string | null;
  /**
   * In E.164; always verified
   */
  phone: string | null;
  username: string | null;
  name: string | null;
  /**
   * The language of messages (BCP 47); null for that of the request
   */
  language: string | null;
  email_verified: boolean;
  created_at: string;
  updated_at: string;
}
export interface SentCode {
  /**
   * Send it with the code
   */
  challenge_id: string;
  /**
   * Seconds for which the code or link is good
   */
  expires_in: number;
}
export interface SignupAnswerWithCookie {
  user: User;
  /**
   * Send it as X-CSRF-Token with every change
   */
  csrf_token: string;
  /**
   * When the session ends unless it is used
   */
  expires_at: string;
  /**
   * For POST /email/verify with the code that was mailed; null where the service sends no mail
   */
  verification: SentCode | null;
}
export interface Me {
  id: string;
  /**
   * Null for a user who signs in by phone
   */
  email: string | null;
  /**
   * In E.164; always verified
   */
  phone: string | null;
  username: string | null;
  name: string | null;
  /**
   * The language of messages (BCP 47); null for that of the request
   */
  language: string | null;
  email_verified: boolean;
  created_at: string;
  updated_at: string;
  /**
   * None where the token or key is narrowed
   */
  roles: string[];
  /**
   * Permissions separated by spaces
   */
  scope: string;
  /**
   * Whether it signs in with a password: one without sets it by POST /password/forgot
   */
  has_password: boolean;
  /**
   * Null once the record of that session has been removed
   */
  last_sign_in_at: string | null;
}
export interface ProfileChange {
  name?: string | null;
  /**
   * Null for none
   */
  username?: string | null;
  language?: string | null;
}
export interface AccountRemoval {
  /**
   * Of an account that has one
   */
  password?: string;
}
/**
 * An email address or a username, and the password
 */
export interface Login {
  /**
   * An email address or a username
   */
  identifier?: string;
  /**
   * The same
   */
  email?: string;
  /**
   * The same
   */
  username?: string;
  password: string;
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
  /**
   * The new password, where the operator has required one
   */
  new_password?: string;
}
export interface LoginAnswer {
  user: User;
  /**
   * Send it as Authorization: Bearer ACCESS_TOKEN
   */
  access_token: string;
  token_type: 'Bearer';
  /**
   * Seconds for which the access token is valid
   */
  expires_in: number;
  /**
   * Exchange it at POST /refresh; single use
   */
  refresh_token: string;
  /**
   * Seconds for which the refresh token is valid
   */
  refresh_expires_in: number;
  /**
   * Keep it, and send it with the next login on this device
   */
  device_token: string;
}
export interface CookieLoginAnswer {
  user: User;
  /**
   * Send it as X-CSRF-Token with every change
   */
  csrf_token: string;
  /**
   * When the session ends unless it is used
   */
  expires_at: string;
}
export interface PasswordChange {
  current_password: string;
  /**
   * At least PASSWORD_MIN_LENGTH characters (8), none of the common ones; spaces and case count
   */
  new_password: string;
}
export interface Reauthentication {
  password?: string;
  /**
   * That of the code
   */
  method?: 'totp' | 'recovery_code';
  /**
   * Of the authenticator app, the message, or the list of recovery codes
   */
  code?: string;
  credential?: PasskeyAssertion;
  /**
   * Of POST /login/passkey/options
   */
  challenge_token?: string;
}
/**
 * What navigator.credentials.get() gives, by toJSON()
 */
export interface PasskeyAssertion {
  id: string;
  rawId: string;
  type: 'public-key';
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    userHandle?: string | null;
  };
}
export interface CodeRequest {
  email?: string;
  /**
   * With the country code; spaces and hyphens are ignored
   */
  phone?: string;
}
export interface CodeSignIn {
  /**
   * That of the answer to the request for the code
   */
  challenge_id: string;
  /**
   * The six digits of the message, as a string
   */
  code: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
}
export interface LinkRequest {
  email: string;
  /**
   * The page that the link leads back to, with the parameter code: one of RETURN_URLS. Without it the link shows a code to type
   */
  return_to?: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
}
export interface CodeExchange {
  /**
   * The parameter code of the page that a link or a provider has led back to
   */
  code: string;
  /**
   * That of the answer to POST /login/link, or the one that was sent to GET /login/{provider}, where the page has kept it. With it the page takes no code that an attacker has planted to sign it in to their account
   */
  challenge_id?: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
}
export interface EmailVerification {
  /**
   * That of the answer to the request for the code
   */
  challenge_id?: string;
  /**
   * The six digits of the message, as a string
   */
  code?: string;
  /**
   * The end of the link, in place of challenge_id and code
   */
  token?: string;
}
export interface EmailAddress {
  email: string;
}
export interface EmailUndo {
  /**
   * The end of the link, in place of challenge_id and code
   */
  token: string;
}
export interface PhoneNumber {
  /**
   * With the country code; spaces and hyphens are ignored
   */
  phone: string;
}
export interface PhoneCode {
  /**
   * That of the answer to the request for the code
   */
  challenge_id: string;
  /**
   * The six digits of the message, as a string
   */
  code: string;
}
export interface PasskeySignInOptions {
  /**
   * For security keys that do not remember accounts; leave it out for all others
   */
  email?: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
}
export interface PasskeyRequest {
  /**
   * That of the options
   */
  challenge_token: string;
  public_key: PasskeyRequestOptions;
}
/**
 * For navigator.credentials.get()
 */
export interface PasskeyRequestOptions {
  challenge: string;
  /**
   * Milliseconds for which the challenge is good
   */
  timeout: number;
  rpId: string;
  userVerification: 'preferred';
  allowCredentials: {
    type: 'public-key';
    id: string;
    transports?: string[];
  }[];
}
export interface PasskeySignIn {
  /**
   * That of the options
   */
  challenge_token: string;
  credential: PasskeyAssertion;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
}
export interface PasskeyCreation {
  /**
   * That of the options
   */
  challenge_token: string;
  public_key: PasskeyCreationOptions;
}
/**
 * For navigator.credentials.create()
 */
export interface PasskeyCreationOptions {
  challenge: string;
  /**
   * Milliseconds for which the challenge is good
   */
  timeout: number;
  rp: {
    id: string;
    name: string;
  };
  user: {
    id: string;
    name: string;
    displayName: string;
  };
  pubKeyCredParams: {
    type: 'public-key';
    alg: number;
  }[];
  /**
   * The passkeys that there are
   */
  excludeCredentials: {
    type: 'public-key';
    id: string;
    transports?: string[];
  }[];
  authenticatorSelection: {
    residentKey: 'preferred';
    requireResidentKey: false;
    userVerification: 'preferred';
  };
  attestation: 'none';
  extensions: {
    credProps: true;
  };
}
export interface PasskeyRegistration {
  /**
   * That of the options
   */
  challenge_token: string;
  credential: NewPasskeyCredential;
  /**
   * As you call it; by default the browser and its system
   */
  name?: string;
}
/**
 * What navigator.credentials.create() gives, by toJSON()
 */
export interface NewPasskeyCredential {
  id: string;
  rawId: string;
  type: 'public-key';
  response: {
    clientDataJSON: string;
    attestationObject: string;
    /**
     * @maxItems 10
     */
    transports?: string[];
  };
}
export interface RegisteredPasskey {
  passkey: Passkey;
  signals: PasskeySignals;
  /**
   * Null where the account has some
   */
  recovery_codes: string[] | null;
  session: ReauthenticationAnswer;
}
export interface Passkey {
  id: string;
  name: string;
  /**
   * The model of the authenticator, as it names itself
   */
  aaguid: string;
  /**
   * How it is reached
   */
  transports: string[];
  /**
   * Whether it may be copied to other devices
   */
  backup_eligible: boolean;
  /**
   * Whether it is, as of its last use
   */
  backed_up: boolean;
  created_at: string;
  /**
   * Null before its first use
   */
  last_used_at: string | null;
}
export interface PasskeySignals {
  /**
   * For PublicKeyCredential.signalAllAcceptedCredentials()
   */
  all_accepted_credentials: {
    rpId: string;
    userId: string;
    allAcceptedCredentialIds: string[];
  };
  /**
   * For PublicKeyCredential.signalCurrentUserDetails()
   */
  current_user_details: {
    rpId: string;
    userId: string;
    name: string;
    displayName: string;
  };
}
export interface Passkeys {
  passkeys: Passkey[];
  signals: PasskeySignals;
}
export interface PasskeyChange {
  name: string;
}
export interface PasskeyAnswer {
  passkey: Passkey;
  signals: PasskeySignals;
}
export interface PasskeyRemoved {
  signals: PasskeySignals;
}
export interface Providers {
  providers: {
    id: string;
    /**
     * As people know it
     */
    name: string;
  }[];
}
export interface IdTokenSignIn {
  /**
   * As the provider issued it
   */
  id_token: string;
  /**
   * The random text that the app chose; the token holds it, or its SHA-256 in hexadecimal
   */
  nonce: string;
  /**
   * token, the default: the answer has an access token. cookie: it sets a cookie, for pages in a browser
   */
  transport?: 'token' | 'cookie';
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
}
export interface Identity {
  id: string;
  /**
   * As in GET /login/providers
   */
  provider: string;
  /**
   * As the provider last gave it; null where it gave none
   */
  email: string | null;
  created_at: string;
  /**
   * The last sign-in by it
   */
  last_used_at: string;
}
export interface IdentityLink {
  /**
   * The page to lead back to: one of RETURN_URLS
   */
  return_to?: string;
  /**
   * What the provider is to ask for: the password again, consent, or which account to use
   */
  prompt?: 'login' | 'consent' | 'select_account';
  /**
   * The address or name to fill in at the provider
   */
  login_hint?: string;
  /**
   * As the provider issued it
   */
  id_token?: string;
  /**
   * The random text that the app chose; the token holds it, or its SHA-256 in hexadecimal
   */
  nonce?: string;
}
export interface Authorization {
  /**
   * The page of the provider to lead the browser to
   */
  authorization_url: string;
}
export interface ProviderToken {
  access_token: string;
  /**
   * Null where the provider does not say
   */
  expires_at: string | null;
  /**
   * As the provider wrote it; null where it does not say
   */
  scope: string | null;
}
export interface FactorLogin {
  /**
   * Of the refusal second_factor_required
   */
  challenge_token: string;
  method: 'totp' | 'passkey' | 'email_code' | 'phone_code' | 'recovery_code';
  /**
   * Of the authenticator app, the message, or the list of recovery codes
   */
  code?: string;
  credential?: PasskeyAssertion;
  /**
   * Whether this device is not asked again, for MFA_REMEMBER_DAYS
   */
  remember_device?: boolean;
  /**
   * From an earlier login on this device: then failures elsewhere do not count against this one
   */
  device_token?: string;
}
export interface FactorCodeRequest {
  /**
   * Of the refusal second_factor_required
   */
  challenge_token: string;
  method: 'email_code' | 'phone_code';
}
export interface FactorOptionsRequest {
  /**
   * Of the refusal second_factor_required
   */
  challenge_token: string;
}
export interface TotpFactor {
  id: string;
  name: string | null;
  created_at: string;
  last_used_at: string | null;
}
export interface NewTotpFactor {
  name?: string | null;
}
export interface TotpEnrolment {
  factor_id: string;
  /**
   * In base32, to be typed in
   */
  secret: string;
  /**
   * The same as a link that opens an authenticator app
   */
  otpauth_uri: string;
  /**
   * The link as a QR code, an SVG
   */
  qr_svg: string;
}
export interface FirstCode {
  /**
   * Of the authenticator app, the message, or the list of recovery codes
   */
  code: string;
}
export interface TotpFactorChange {
  name: string | null;
}
export interface Lockdown {
  /**
   * The end of the link, in place of challenge_id and code
   */
  token: string;
}
export interface Refresh {
  refresh_token: string;
}
export interface RefreshAnswer {
  /**
   * Send it as Authorization: Bearer ACCESS_TOKEN
   */
  access_token: string;
  token_type: 'Bearer';
  /**
   * Seconds for which the access token is valid
   */
  expires_in: number;
  /**
   * Exchange it at POST /refresh; single use
   */
  refresh_token: string;
  /**
   * Seconds for which the refresh token is valid
   */
  refresh_expires_in: number;
}
export interface Logout {
  refresh_token?: string;
}
export interface Session {
  id: string;
  /**
   * How the person logged in
   */
  method: string;
  /**
   * What the device holds: tokens or a cookie
   */
  transport: 'token' | 'cookie';
  user_agent: string | null;
  ip: string | null;
  created_at: string;
  /**
   * The login, or the minute of the latest renewal
   */
  last_used_at: string;
  /**
   * When it ends unless it is renewed
   */
  expires_at: string;
  /**
   * Whether this request came with it
   */
  current: boolean;
}
export interface RememberedDevice {
  id: string;
  user_agent: string | null;
  ip: string | null;
  created_at: string;
  expires_at: string;
}
export interface CsrfAnswer {
  /**
   * Send it as X-CSRF-Token with every change
   */
  csrf_token: string;
  /**
   * When the session ends unless it is used
   */
  expires_at: string;
}
export interface SessionToken {
  /**
   * Narrows what the token allows; without it, all you may do
   */
  scope?: string;
}
export interface SessionTokenAnswer {
  /**
   * Send it as Authorization: Bearer ACCESS_TOKEN
   */
  access_token: string;
  token_type: 'Bearer';
  /**
   * Seconds for which the access token is valid
   */
  expires_in: number;
  /**
   * What it allows: permissions separated by spaces
   */
  scope: string;
}
export interface SessionCodeRequest {
  /**
   * A UUID that the app has made and keeps: then POST /login/exchange has to have the same
   */
  challenge_id?: string;
}
export interface SessionCode {
  /**
   * For POST /login/exchange
   */
  code: string;
}
export interface ApiKey {
  id: string;
  name: string;
  /**
   * How the key begins
   */
  prefix: string;
  /**
   * How the key ends
   */
  last_four: string;
  /**
   * Its permissions; null for all that you have
   */
  scope: string | null;
  expires_at: string | null;
  /**
   * To the minute
   */
  last_used_at: string | null;
  created_at: string;
}
export interface ApiKeyWish {
  name: string;
  scope?: string | null;
  expires_at?: string | null;
}
export interface NewApiKey {
  id: string;
  name: string;
  /**
   * How the key begins
   */
  prefix: string;
  /**
   * How the key ends
   */
  last_four: string;
  /**
   * Its permissions; null for all that you have
   */
  scope: string | null;
  expires_at: string | null;
  /**
   * To the minute
   */
  last_used_at: string | null;
  created_at: string;
  /**
   * Keep it: it is shown this once
   */
  key: string;
}
export interface Export {
  exported_at: string;
  user: User;
  roles: string[];
  sessions: Session[];
  /**
   * The accounts at providers
   */
  identities: Identity[];
  /**
   * Their names, never their secrets
   */
  authenticator_apps: TotpFactor[];
  passkeys: Passkey[];
  /**
   * Their names, never the keys themselves
   */
  api_keys: ApiKey[];
  /**
   * The latest first, at most 1,000
   */
  activity: AuditEvent[];
  /**
   * For GET /me/activity, which has the earlier events; null where there are none
   */
  next_cursor: string | null;
}
export interface AuditEvent {
  id: string;
  type:
    | 'user.signed_up'
    | 'user.created'
    | 'user.imported'
    | 'user.updated'
    | 'user.deleted'
    | 'user.disabled'
    | 'user.enabled'
    | 'user.locked'
    | 'user.unlocked'
    | 'user.roles_changed'
    | 'user.password_change_forced'
    | 'user.locked_down'
    | 'email.verified'
    | 'email.changed'
    | 'email.restored'
    | 'phone.changed'
    | 'phone.removed'
    | 'identity.linked'
    | 'identity.removed'
    | 'factor.added'
    | 'factor.removed'
    | 'factor.refused'
    | 'factors.reset'
    | 'recovery_codes.made'
    | 'recovery_code.used'
    | 'recovery_codes.few'
    | 'device.remembered'
    | 'device.forgotten'
    | 'passkey.added'
    | 'passkey.renamed'
    | 'passkey.removed'
    | 'passkey.refused'
    | 'code.sent'
    | 'code.refused'
    | 'login.succeeded'
    | 'login.challenged'
    | 'login.failed'
    | 'logout'
    | 'session.ended'
    | 'session.reauthenticated'
    | 'refresh.repeated'
    | 'refresh.reused'
    | 'password.changed'
    | 'password.refused'
    | 'password.reset'
    | 'reset_link.created'
    | 'role.created'
    | 'role.updated'
    | 'role.deleted'
    | 'permission.created'
    | 'permission.updated'
    | 'permission.deleted'
    | 'client.created'
    | 'client.updated'
    | 'client.deleted'
    | 'client.secret_added'
    | 'client.secret_removed'
    | 'client.token_issued'
    | 'client.refused'
    | 'api_key.created'
    | 'api_key.deleted'
    | 'token.revoked';
  outcome: 'success' | 'failure';
  actor: {
    type: 'user' | 'client' | 'api_key' | 'operator' | 'anonymous';
    id: string | null;
  };
  /**
   * The id of the subject
   */
  subject: string | null;
  session_id: string | null;
  ip: string | null;
  user_agent: string | null;
  /**
   * The X-Request-Id of the answer
   */
  request_id: string | null;
  /**
   * The X-Request-Id that the request came with, which its sender chose
   */
  client_request_id: string | null;
  /**
   * The details of this type of event
   */
  details: {
    [k: string]: unknown | undefined;
  };
  created_at: string;
}
export interface PasswordForgotten {
  email: string;
}
export interface PasswordReset {
  /**
   * That of the answer to the request for the code
   */
  challenge_id?: string;
  /**
   * The six digits of the message, as a string
   */
  code?: string;
  /**
   * The end of the link, in place of challenge_id and code
   */
  token?: string;
  /**
   * At least PASSWORD_MIN_LENGTH characters (8), none of the common ones; spaces and case count
   */
  new_password: string;
}
