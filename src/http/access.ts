import type { PERMISSIONS } from '../../config/baseline.cjs';
import { insufficientScope } from '../core/access/insufficient-scope.ts';
import { AppError, type ErrorCode } from '../core/errors.ts';
import type {
  ApiKeyPrincipal,
  AuthenticatedPrincipal,
  PrincipalCaller,
  UserPrincipal,
} from '../core/principal.ts';
import type { StepUpNeeded } from '../core/sign-in/step-up.ts';
import type { Exchange } from './exchange.ts';

/** The permissions that the service itself asks for. */
export type Permission = keyof typeof PERMISSIONS;

/** Who may call a route. */
export interface Access<Who = unknown, Services = never> {
  /** `own` where a route knows credentials of its own. */
  readonly kind: 'anyone' | 'bearer' | 'user' | 'session' | 'cookie' | 'permission' | 'own';
  /** The schemes of the OpenAPI document, any of which will do; `none` where a request without a credential will do too. */
  readonly schemes: readonly ('bearer' | 'cookie' | 'client' | 'none')[];
  readonly permission?: Permission;
  /** Present where a user must have authenticated recently, and by two factors if they have two. */
  readonly stepUp?: StepUpNeeded;
  /** The codes that it refuses with. */
  readonly refuses: readonly ErrorCode[];
  /** Authenticates the caller, before anything of a body is read. @throws AppError one of `refuses` */
  authenticate(exchange: Exchange, services: Services): Promise<Who> | Who;
}

/** The codes with which a change by cookie may be refused. */
export const CSRF_ERRORS = [
  'origin_not_allowed',
  'csrf_token_invalid',
] as const satisfies readonly ErrorCode[];

/** The codes with which a credential may be refused. */
export const CREDENTIAL_ERRORS: readonly ErrorCode[] = [
  'rate_limited',
  'invalid_request',
  'credentials_conflict',
  'token_missing',
  'token_invalid',
  'token_expired',
  'token_revoked',
  'session_ended',
  'factor_enrolment_required',
  ...CSRF_ERRORS,
  'revocations_stale',
  'session_store_unavailable',
  'database_unavailable',
  'database_behind',
];

/** The codes with which a sign-in may be refused besides where it asks for a cookie. */
export const COOKIE_SIGN_IN_ERRORS = [
  'cookie_not_settable',
  'origin_not_allowed',
  'session_store_unavailable',
] as const satisfies readonly ErrorCode[];

/** The same where the account may have a second factor. */
export const SIGN_IN_ERRORS = [
  'second_factor_required',
  ...COOKIE_SIGN_IN_ERRORS,
] as const satisfies readonly ErrorCode[];

const USER_ERRORS: readonly ErrorCode[] = [...CREDENTIAL_ERRORS, 'user_required'];

/** Everybody. The schemes are those of a credential that the handler looks at itself. */
export function anyone(...schemes: Access['schemes']): Access<undefined> {
  return { kind: 'anyone', schemes, refuses: [], authenticate: () => undefined };
}

/** Everybody, by a form of a page of this service. */
export function ownPage(): Access<undefined> {
  return {
    kind: 'anyone',
    schemes: [],
    refuses: ['origin_not_allowed'],
    authenticate: (exchange) => void exchange.requireOwnPage(),
  };
}

/** Any caller with a valid access token, API key or cookie: users and machine clients. */
export function bearer(): Access<PrincipalCaller<AuthenticatedPrincipal>> {
  return {
    kind: 'bearer',
    schemes: ['bearer', 'cookie'],
    refuses: CREDENTIAL_ERRORS,
    authenticate: (exchange) => exchange.authenticate(),
  };
}

/** What a session may do that can only set a second factor up. */
interface UserOptions {
  readonly forEnrolment?: boolean;
}

/** A user, by an access token, an API key or a cookie, and no machine client. */
export function user(options?: UserOptions): Access<PrincipalCaller<UserPrincipal | ApiKeyPrincipal>> {
  return {
    kind: 'user',
    schemes: ['bearer', 'cookie'],
    refuses: USER_ERRORS,
    authenticate: async (exchange) => requireUser(await exchange.authenticate(options)),
  };
}

/** A user who has logged in, and sends no API key. */
export function session(options?: UserOptions): Access<PrincipalCaller<UserPrincipal>> {
  return {
    kind: 'session',
    schemes: ['bearer', 'cookie'],
    refuses: [...USER_ERRORS, 'session_required'],
    async authenticate(exchange) {
      const caller = requireUser(await exchange.authenticate(options));
      if (!isOfKind(caller, 'user')) throw new AppError('session_required');
      return caller;
    },
  };
}

/** A user whose browser has a cookie. */
export function cookie(options?: UserOptions): Access<PrincipalCaller<UserPrincipal>> {
  return {
    kind: 'cookie',
    schemes: ['cookie'],
    refuses: [...CREDENTIAL_ERRORS, 'cookie_required'],
    async authenticate(exchange) {
      const caller = await exchange.authenticate(options);
      if (!isOfKind(caller, 'user') || caller.principal.credential !== 'cookie')
        throw new AppError('cookie_required');
      return caller;
    },
  };
}

/** Any caller that holds a permission. */
export function permission(name: Permission): Access<PrincipalCaller<AuthenticatedPrincipal>> {
  return {
    kind: 'permission',
    schemes: ['bearer', 'cookie'],
    permission: name,
    refuses: [...CREDENTIAL_ERRORS, 'insufficient_scope'],
    async authenticate(exchange) {
      const caller = await exchange.authenticate();
      if (!caller.principal.permissions.includes(name)) throw insufficientScope(name);
      return caller;
    },
  };
}

/**
 * The same, for what is dangerous: a user must have authenticated recently, and by two factors if they have two (RFC 9470).
 * `hasPassword` says that the password is in the body, so that a user without a second factor need not have.
 */
export function stepUp<Who extends PrincipalCaller<AuthenticatedPrincipal>>(
  access: Access<Who>,
  needed: StepUpNeeded = {},
): Access<Who> {
  return {
    ...access,
    stepUp: needed,
    refuses: [...access.refuses, 'insufficient_user_authentication'],
    async authenticate(exchange, services) {
      const caller = await access.authenticate(exchange, services);
      await exchange.requireStepUp(caller.principal, needed);
      return caller;
    },
  };
}

function requireUser(
  caller: PrincipalCaller<AuthenticatedPrincipal>,
): PrincipalCaller<UserPrincipal | ApiKeyPrincipal> {
  if (isOfKind(caller, 'user') || isOfKind(caller, 'api_key')) return caller;
  throw new AppError('user_required');
}

function isOfKind<Kind extends AuthenticatedPrincipal['kind']>(
  caller: PrincipalCaller<AuthenticatedPrincipal>,
  kind: Kind,
): caller is PrincipalCaller<Extract<AuthenticatedPrincipal, { kind: Kind }>> {
  return caller.principal.kind === kind;
}
