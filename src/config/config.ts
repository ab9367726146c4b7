import { resolve } from 'node:path';
import type { Algorithm } from '@latchkey/verifier/core';
import dotenv from 'dotenv';
import type { z } from 'zod';
import {
  defaultDatabaseUrl,
  type Environment,
  type MysqlLocation,
  parseDatabaseUrl,
  readSecret,
  readVariable,
  type SqliteLocation,
  type TlsOptions,
  tlsOptions,
} from '../../config/environment.cjs';
import type { FactorMethod } from '../core/factors/factor.ts';
import type { MfaRequired } from '../core/factors/policy.ts';
import type { Rate } from '../core/limits/quota.ts';
import type { RequestPolicy } from '../core/limits/rate-limiter.ts';
import type { ProviderSettings } from '../providers/definition.ts';
import { providersOf } from '../providers/table.ts';
import {
  cookieProblems,
  hashProblems,
  keyProblems,
  messageProblems,
  productionProblems,
  socialProblems,
} from './checks.ts';
import { isDemoProviderInstalled } from './demo-provider.ts';
import { misspelledVariables } from './misspelled.ts';
import type { SmsTestCode } from './values.ts';
import { describeValue, VARIABLES, type Values, type VariableName } from './variables.ts';
import { configWarnings } from './warnings.ts';

/** The configuration of the service, checked and frozen. */
export interface Config {
  readonly environment: 'development' | 'test' | 'production';
  readonly logLevel: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string;
    readonly trustProxy: number | readonly string[];
    readonly corsOrigins: readonly string[];
    readonly keepAliveSeconds: number;
    /** Whether pages of this host may call, from any port. */
    readonly corsLocalhost: boolean;
  };
  readonly database: DatabaseConfig;
  readonly tokens: {
    /** Where one of these is absent, core/tokens/key-material.ts says what stands in for it. */
    readonly secret: string | undefined;
    readonly secretFile: string;
    readonly appSecret: string | undefined;
    readonly appSecretFile: string;
    readonly appPreviousSecrets: readonly string[];
    readonly algorithm: Algorithm;
    readonly privateKey: string | undefined;
    readonly privateKeyFile: string;
    readonly previousSecrets: readonly string[];
    readonly previousPublicKeys: readonly string[];
    readonly issuer: string;
    readonly audience: string;
    readonly accessTokenTtlSeconds: number;
  };
  readonly sessions: {
    readonly idleSeconds: number;
    readonly absoluteSeconds: number;
    readonly reuseGraceSeconds: number;
    readonly retrySeconds: number;
    readonly revocationMaxLagSeconds: number;
    readonly revocationWhenStale: 'refuse' | 'accept';
  };
  readonly cookies: {
    readonly domain: string | undefined;
    readonly sameSite: 'lax' | 'strict' | 'none';
    /** Undefined where one is derived from the secret of the service. */
    readonly secret: string | undefined;
    readonly previousSecrets: readonly string[];
    readonly requireHttps: boolean;
  };
  readonly passwords: {
    readonly minLength: number;
    readonly bcryptCost: number;
    readonly pepper: string | undefined;
    /** With `{token}` where the token of a reset link goes. */
    readonly resetUrl: string | undefined;
  };
  readonly hashing: {
    readonly workers: number;
    readonly maxWaitMilliseconds: number;
    readonly niceness: number;
  };
  readonly limits: LimitsConfig;
  readonly messages: MessagesConfig;
  readonly codes: {
    readonly mayCreateAccounts: boolean;
    readonly requireVerifiedEmail: boolean;
    /** Whether a sign-up does not tell if an address is known. */
    readonly hidesKnownAddresses: boolean;
    readonly newDeviceMail: boolean;
    readonly linkAnyDevice: boolean;
    /** Origins, for all of their pages, and pages. */
    readonly returnUrls: readonly string[];
    /** Whether pages of this host may be returned to, on any port. */
    readonly returnToLocalhost: boolean;
    /** What the URLs of the pages of this service begin with; null where it has none. */
    readonly ownPages: string | null;
    readonly recentSignInSeconds: number;
  };
  readonly social: {
    readonly providers: readonly ProviderSettings[];
    readonly mayCreateAccounts: boolean;
    /** Those whose addresses may sign up; empty for all. */
    readonly domains: readonly string[];
    readonly withoutEmail: boolean;
    readonly keepsTokens: boolean;
    /** The port of the demo provider, where there is to be one. */
    readonly demoPort: number | undefined;
  };
  readonly factors: {
    readonly required: MfaRequired;
    readonly methods: readonly FactorMethod[];
    /** 0 remembers no device. */
    readonly rememberDays: number;
    readonly totpIssuer: string;
  };
  readonly passkeys: {
    readonly rpId: string;
    readonly rpName: string;
    /** Of pages, and of apps, as clients write them. */
    readonly origins: readonly string[];
    /** Whether pages of this host may take part, from any port. */
    readonly allowsLocalhost: boolean;
  };
  readonly pages: PagesConfig;
  readonly redisUrl: string | undefined;
  readonly metrics: {
    readonly port: number | undefined;
    readonly host: string;
    readonly token: string | undefined;
  };
  readonly audit: { readonly retentionDays: number };
  /** How long a process that is told to stop goes on as if it were not, but for /readyz. */
  readonly shutdownDelaySeconds: number;
  /** How many processes share the port. */
  readonly processes: number;
  readonly signupDisabled: boolean;
  /** What the operator should hear at the start. */
  readonly warnings: readonly string[];
  readonly docsEnabled: boolean;
}

export interface PagesConfig {
  /** Whether there are sign-in and account pages. */
  readonly enabled: boolean;
  readonly brandName: string;
  readonly logoFile: string | undefined;
  /** As #rrggbb. */
  readonly color: string;
  readonly cssFile: string | undefined;
  readonly templatesDirectory: string | undefined;
  readonly messagesDirectory: string | undefined;
}

export interface MessagesConfig {
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  /** What the service is called where the sender has no name. */
  readonly brandName: string | undefined;
  readonly twilio:
    | {
        readonly accountSid: string;
        readonly authToken: string;
        readonly from: string;
        readonly apiUrl: string;
      }
    | undefined;
  readonly webhook: { readonly url: string; readonly secret: string } | undefined;
  /** Whether messages that have no channel stay in the outbox, to be looked at there. */
  readonly devOutbox: boolean;
  readonly templatesDirectory: string | undefined;
  /** ISO 3166-1 alpha-2; empty for all. */
  readonly smsCountries: readonly string[];
  readonly smsDailyBudget: number;
  readonly smsTestCodes: readonly SmsTestCode[];
}

export interface LimitsConfig {
  readonly enabled: boolean;
  readonly requests: Readonly<Record<RequestPolicy, Rate>>;
  readonly loginFailures: { readonly free: number; readonly max: number };
}

export interface DatabaseConfig {
  readonly location: SqliteLocation | MysqlLocation;
  readonly poolMax: number;
  readonly connectTimeoutMilliseconds: number;
  readonly timeoutMilliseconds: number;
  readonly tls: TlsOptions | undefined;
  readonly migrateOnStart: boolean;
}

const DEFAULT_NAME = 'Latchkey';
/** Longer than balancers take to notice, by their defaults of two checks two seconds apart. */
const PRODUCTION_SHUTDOWN_DELAY_SECONDS = 5;

/** All problems of an environment at once. Exit code 78 is EX_CONFIG of sysexits.h. */
export class ConfigError extends Error {
  static readonly exitCode = 78;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} error${problems.length === 1 ? '' : 's'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The process's environment, with a `.env` file of the working directory under it. */
export function processEnvironment(): Environment {
  dotenv.config({ quiet: true });
  return process.env;
}

/**
 * Checks every variable and returns the frozen configuration.
 * @throws ConfigError naming each invalid variable, what it got (secrets masked) and what it wants.
 */
export function loadConfig(env: Environment): Config {
  const problems: string[] = [];
  const values = readVariables(env, problems);
  const production = values.NODE_ENV === 'production';
  if (production) problems.push(...productionProblems(values, problems));
  problems.push(...keyProblems(values), ...hashProblems(values), ...cookieProblems(values));
  problems.push(...messageProblems(values, problems), ...socialProblems(values, problems));
  const location = locate(values, problems);
  const tls = readTls(values, problems);
  if (problems.length > 0 || location === undefined) {
    throw new ConfigError([...problems, ...misspelledVariables(env)]);
  }

  const publicUrl = values.PUBLIC_URL ?? `http://localhost:${values.PORT}`;
  const rpId = values.WEBAUTHN_RP_ID ?? new URL(publicUrl).hostname;
  return deepFreeze({
    environment: values.NODE_ENV,
    logLevel: values.LOG_LEVEL,
    http: {
      host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
      port: values.PORT,
      publicUrl,
      trustProxy: values.TRUST_PROXY,
      corsOrigins: values.CORS_ORIGINS,
      keepAliveSeconds: values.KEEP_ALIVE_TIMEOUT_SECONDS,
      corsLocalhost: !production,
    },
    database: {
      location,
      poolMax: values.DATABASE_POOL_MAX,
      connectTimeoutMilliseconds: values.DATABASE_CONNECT_TIMEOUT_MS,
      timeoutMilliseconds: values.DATABASE_TIMEOUT_MS,
      tls,
      migrateOnStart: values.MIGRATE_ON_START ?? location.dialect === 'sqlite',
    },
    tokens: {
      secret: values.JWT_SECRET,
      secretFile: resolve(values.DATA_DIR, 'jwt-secret'),
      appSecret: values.APP_SECRET,
      appSecretFile: resolve(values.DATA_DIR, 'app-secret'),
      appPreviousSecrets: values.APP_PREVIOUS_SECRETS,
      issuer: values.JWT_ISSUER ?? publicUrl,
      audience: values.JWT_AUDIENCE,
      accessTokenTtlSeconds: values.ACCESS_TOKEN_TTL_SECONDS,
      algorithm: values.JWT_ALG,
      privateKey: values.JWT_PRIVATE_KEY,
      privateKeyFile: resolve(values.DATA_DIR, `jwt-key-${values.JWT_ALG.toLowerCase()}.pem`),
      previousSecrets: values.JWT_PREVIOUS_SECRETS,
      previousPublicKeys: values.JWT_PREVIOUS_PUBLIC_KEYS,
    },
    sessions: {
      idleSeconds: values.SESSION_IDLE_SECONDS,
      absoluteSeconds: values.SESSION_ABSOLUTE_SECONDS,
      reuseGraceSeconds: values.REFRESH_REUSE_GRACE_SECONDS,
      retrySeconds: values.REFRESH_RETRY_SECONDS,
      revocationMaxLagSeconds: values.REVOCATION_MAX_LAG_SECONDS,
      revocationWhenStale: values.REVOCATION_WHEN_STALE,
    },
    cookies: {
      domain: values.COOKIE_DOMAIN,
      sameSite: values.COOKIE_SAMESITE,
      secret: values.COOKIE_SECRET,
      previousSecrets: values.COOKIE_PREVIOUS_SECRETS,
      requireHttps: production,
    },
    passwords: {
      minLength: values.PASSWORD_MIN_LENGTH,
      bcryptCost: values.BCRYPT_COST,
      pepper: values.PASSWORD_PEPPER,
      resetUrl: values.PASSWORD_RESET_URL,
    },
    hashing: {
      workers: Math.max(1, Math.floor(values.HASH_WORKERS / values.WEB_CONCURRENCY)),
      maxWaitMilliseconds: values.HASH_MAX_WAIT_MS,
      niceness: values.HASH_NICENESS,
    },
    limits: {
      enabled: values.RATE_LIMITS === 'on',
      requests: {
        'signup-ip': values.RATE_LIMIT_SIGNUP_IP,
        'login-ip': values.RATE_LIMIT_LOGIN_IP,
        'session-ip': values.RATE_LIMIT_SESSION_IP,
        'refresh-session': values.RATE_LIMIT_REFRESH_SESSION,
        'oauth-ip': values.RATE_LIMIT_OAUTH_IP,
        token: values.RATE_LIMIT_TOKEN,
        'api-key': values.RATE_LIMIT_API_KEY,
        'send-address': values.RATE_LIMIT_SEND_ADDRESS,
        'send-account': values.RATE_LIMIT_SEND_ACCOUNT,
        'send-ip': values.RATE_LIMIT_SEND_IP,
        'send-total': values.RATE_LIMIT_SEND_TOTAL,
      },
      loginFailures: { free: values.LOGIN_FREE_FAILURES, max: values.LOGIN_MAX_FAILURES },
    },
    messages: {
      ...messageChannels(values),
      brandName: values.BRAND_NAME,
      devOutbox: !production,
      templatesDirectory: values.MAIL_TEMPLATES_DIR,
      smsCountries: values.SMS_COUNTRIES,
      smsDailyBudget: values.SMS_DAILY_BUDGET,
      smsTestCodes: values.SMS_TEST_CODES,
    },
    codes: {
      mayCreateAccounts: values.OTP_SIGNUP && !values.SIGNUP_DISABLED,
      requireVerifiedEmail: values.REQUIRE_VERIFIED_EMAIL,
      hidesKnownAddresses: values.SIGNUP_ENUMERATION === 'hide',
      newDeviceMail: values.NEW_DEVICE_MAIL,
      linkAnyDevice: values.LINK_ANY_DEVICE,
      returnUrls: values.RETURN_URLS,
      returnToLocalhost: !production,
      ownPages: values.PAGES === 'on' ? `${publicUrl}/` : null,
      recentSignInSeconds: values.RECENT_SIGN_IN_SECONDS,
    },
    social: {
      providers: providersOf(values),
      mayCreateAccounts: values.SOCIAL_SIGNUP && !values.SIGNUP_DISABLED,
      domains: values.SOCIAL_DOMAINS,
      withoutEmail: values.SOCIAL_WITHOUT_EMAIL,
      keepsTokens: values.STORE_PROVIDER_TOKENS,
      demoPort: values.DEMO_PROVIDER && isDemoProviderInstalled() ? values.DEMO_PROVIDER_PORT : undefined,
    },
    factors: {
      required: values.MFA_REQUIRED,
      methods: values.MFA_METHODS,
      rememberDays: values.MFA_REMEMBER_DAYS,
      totpIssuer: values.TOTP_ISSUER ?? values.BRAND_NAME ?? DEFAULT_NAME,
    },
    passkeys: {
      rpId,
      rpName: values.BRAND_NAME ?? rpId,
      origins: values.WEBAUTHN_ORIGINS ?? [new URL(publicUrl).origin],
      allowsLocalhost: !production,
    },
    pages: {
      enabled: values.PAGES === 'on',
      brandName: values.BRAND_NAME ?? values.TOTP_ISSUER ?? DEFAULT_NAME,
      logoFile: values.BRAND_LOGO_FILE,
      color: values.BRAND_COLOR,
      cssFile: values.BRAND_CSS_FILE,
      templatesDirectory: values.PAGES_TEMPLATES_DIR,
      messagesDirectory: values.PAGES_MESSAGES_DIR,
    },
    redisUrl: values.REDIS_URL,
    metrics: { port: values.METRICS_PORT, host: values.METRICS_HOST, token: values.METRICS_TOKEN },
    audit: { retentionDays: values.AUDIT_RETENTION_DAYS },
    shutdownDelaySeconds:
      values.SHUTDOWN_DELAY_SECONDS ?? (production ? PRODUCTION_SHUTDOWN_DELAY_SECONDS : 0),
    processes: values.WEB_CONCURRENCY,
    signupDisabled: values.SIGNUP_DISABLED,
    warnings: configWarnings(values, env),
    docsEnabled: values.DOCS === 'on',
  });
}

function readVariables(env: Environment, problems: string[]): Values {
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const problemsBefore = problems.length;
    const text =
      'secret' in variable ? collect(problems, () => readSecret(env, name)) : readVariable(env, name);
    if (problems.length > problemsBefore) continue;
    const result = variable.schema.safeParse(text);
    if (result.success) {
      values[name] = result.data;
      continue;
    }
    const wants = [variable.wants, ...new Set(result.error.issues.flatMap(adviceOf))].join('; ');
    problems.push(`${name} is ${describeValue(name as VariableName, text)}: ${wants}`);
  }
  return values as Values;
}

/** What the parser of a value adds about this very value. */
function adviceOf(issue: z.core.$ZodIssue): string[] {
  return issue.code === 'custom' && typeof issue.params?.advice === 'string' ? [issue.params.advice] : [];
}

/** The channels that are configured. `messageProblems` has refused what is there in part. */
function messageChannels(values: Values): Pick<MessagesConfig, 'smtp' | 'twilio' | 'webhook'> {
  const { SMTP_URL, MAIL_FROM, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, TWILIO_API_URL } = values;
  const { SMS_WEBHOOK_URL, SMS_WEBHOOK_SECRET } = values;
  return {
    smtp: SMTP_URL && MAIL_FROM ? { url: SMTP_URL, from: MAIL_FROM } : undefined,
    twilio:
      TWILIO_ACCOUNT_SID && TWILIO_AUTH_TOKEN && TWILIO_FROM
        ? {
            accountSid: TWILIO_ACCOUNT_SID,
            authToken: TWILIO_AUTH_TOKEN,
            from: TWILIO_FROM,
            apiUrl: TWILIO_API_URL,
          }
        : undefined,
    webhook:
      SMS_WEBHOOK_URL && SMS_WEBHOOK_SECRET
        ? { url: SMS_WEBHOOK_URL, secret: SMS_WEBHOOK_SECRET }
        : undefined,
  };
}

function locate(values: Values, problems: string[]): DatabaseConfig['location'] | undefined {
  return collect(problems, () =>
    parseDatabaseUrl(values.DATABASE_URL ?? defaultDatabaseUrl(values.DATA_DIR)),
  );
}

function readTls(values: Values, problems: string[]): TlsOptions | undefined {
  // A mode that is not one has been reported; the file is still to be read.
  return collect(problems, () => tlsOptions(values.DATABASE_TLS ?? 'verify', values.DATABASE_TLS_CA_FILE));
}

function collect<Result>(problems: string[], read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    problems.push((error as Error).message);
    return undefined;
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
