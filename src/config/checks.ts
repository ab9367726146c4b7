import type { Algorithm } from '@latchkey/verifier/core';
import { createKeyRing } from '../core/tokens/keys.ts';
import type { ProviderSettings } from '../providers/definition.ts';
import { PROVIDER_GROUPS, providersOf } from '../providers/table.ts';
import { isWithinDomain } from './cookie-domain.ts';
import { expectedHashMilliseconds } from './passwords.ts';
import { isSampleSecret } from './sample-secrets.ts';
import { describeValue, type Values } from './variables.ts';

const MIN_SECRET_BYTES = 32;
const MIN_PRODUCTION_BCRYPT_COST = 10;

/**
 * Problems of a configuration that is fine on a laptop and not in production. `problems` are those already reported.
 */
export function productionProblems(values: Values, problems: readonly string[]): string[] {
  const found: string[] = [];
  // Under RS256 and ES256 nothing is signed with a secret, and JWT_SECRET makes refresh tokens as it always did.
  const isAsymmetric = values.JWT_ALG === 'ES256' || values.JWT_ALG === 'RS256';
  const secret = isAsymmetric && values.JWT_SECRET === undefined ? 'APP_SECRET' : 'JWT_SECRET';
  const required = [secret, 'PUBLIC_URL', 'DATABASE_URL'] as const;
  for (const name of required) {
    const alreadyReported = problems.some((problem) => problem.startsWith(name));
    if (values[name] === undefined && !alreadyReported)
      found.push(`${name} is not set: required in production`);
  }
  const secrets = [
    ['JWT_SECRET', values.JWT_SECRET],
    ['APP_SECRET', values.APP_SECRET],
    ['PASSWORD_PEPPER', values.PASSWORD_PEPPER],
    ...(values.JWT_PREVIOUS_SECRETS ?? []).map((secret) => ['JWT_PREVIOUS_SECRETS', secret] as const),
    ...(values.APP_PREVIOUS_SECRETS ?? []).map((secret) => ['APP_PREVIOUS_SECRETS', secret] as const),
    ['COOKIE_SECRET', values.COOKIE_SECRET],
    ...(values.COOKIE_PREVIOUS_SECRETS ?? []).map((secret) => ['COOKIE_PREVIOUS_SECRETS', secret] as const),
  ] as const;
  for (const [name, secret] of secrets) {
    if (secret === undefined) continue;
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      found.push(
        `${name} is ${describeValue(name, secret)}: production wants at least ${MIN_SECRET_BYTES} bytes`,
      );
    } else if (isSampleSecret(secret)) {
      found.push(`${name} is a sample secret that everybody knows: make one with openssl rand -base64 48`);
    }
  }
  found.push(...sharedSecrets(values));
  if (values.BCRYPT_COST < MIN_PRODUCTION_BCRYPT_COST) {
    found.push(
      `BCRYPT_COST is ${values.BCRYPT_COST}: production wants at least ${MIN_PRODUCTION_BCRYPT_COST}`,
    );
  }
  return found;
}

/** One secret for two purposes gives both to anyone who learns it. */
function sharedSecrets(values: Values): string[] {
  const { APP_SECRET, JWT_PREVIOUS_SECRETS = [] } = values;
  const found: string[] = [];
  for (const [name, other] of [
    ['PASSWORD_PEPPER', 'JWT_SECRET'],
    ['PASSWORD_PEPPER', 'APP_SECRET'],
    ['APP_SECRET', 'JWT_SECRET'],
    ['COOKIE_SECRET', 'JWT_SECRET'],
    ['COOKIE_SECRET', 'APP_SECRET'],
    ['COOKIE_SECRET', 'PASSWORD_PEPPER'],
  ] as const) {
    if (values[name] === undefined || values[name] !== values[other]) continue;
    found.push(`${name} is the same as ${other}: make a secret of its own`);
  }
  if (APP_SECRET !== undefined && JWT_PREVIOUS_SECRETS.includes(APP_SECRET)) {
    found.push(
      'APP_SECRET is in JWT_PREVIOUS_SECRETS, with which access tokens are verified: make a secret of its own',
    );
  }
  return found;
}

/** Where a hash takes longer than a login may take in all, no login would ever succeed. */
export function hashProblems({ BCRYPT_COST: cost, HASH_MAX_WAIT_MS: allowed }: Values): string[] {
  const expected = Math.ceil(expectedHashMilliseconds(cost));
  if (cost === undefined || allowed === undefined || expected < allowed) return [];
  return [
    `HASH_MAX_WAIT_MS is ${allowed}: one hash at BCRYPT_COST=${cost} takes about ${expected} milliseconds; allow several times as many`,
  ];
}

/** A browser drops a cookie for a domain that the host is not in. */
export function cookieProblems({ COOKIE_DOMAIN: domain, PUBLIC_URL: publicUrl }: Values): string[] {
  if (domain === undefined || publicUrl === undefined) return [];
  const { hostname } = new URL(publicUrl);
  if (isWithinDomain(hostname, domain)) return [];
  return [
    `COOKIE_DOMAIN is ${JSON.stringify(domain)}: PUBLIC_URL has the host ${hostname}, which is outside`,
  ];
}

/** What belongs together is there as a whole or not at all. */
export function messageProblems(values: Values, problems: readonly string[]): string[] {
  const found = [
    ...missingOf(values, ['SMTP_URL', 'MAIL_FROM'], problems),
    ...missingOf(values, ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'], problems),
    ...missingOf(values, ['SMS_WEBHOOK_URL', 'SMS_WEBHOOK_SECRET'], problems),
  ];
  if (values.TWILIO_ACCOUNT_SID !== undefined && values.SMS_WEBHOOK_URL !== undefined) {
    found.push('TWILIO_ACCOUNT_SID and SMS_WEBHOOK_URL are both set: SMS go one way, so keep one');
  }
  if (values.NODE_ENV === 'production' && values.SMTP_URL === undefined) {
    const [needing] = [
      ...(values.REQUIRE_VERIFIED_EMAIL ? ['REQUIRE_VERIFIED_EMAIL=true'] : []),
      ...(values.SIGNUP_ENUMERATION === 'hide' ? ['SIGNUP_ENUMERATION=hide'] : []),
    ];
    if (needing) found.push(`SMTP_URL is not set: ${needing} needs mail`);
  }
  const endless = (values.SMS_TEST_CODES ?? []).filter(({ endsAt }) => endsAt === null);
  if (values.NODE_ENV === 'production' && endless.length > 0) {
    found.push(
      `SMS_TEST_CODES has ${endless.length} without an end: in production write number:code:day, such as +15550001111:123456:2027-01-31`,
    );
  }
  return found;
}

/** Paths below /login that are, or may become, those of other ways to sign in. */
const RESERVED_PROVIDER_IDS: readonly string[] = [
  'providers',
  'exchange',
  'link',
  'code',
  'factor',
  'passkey',
];

/** A provider is there as a whole or not at all, under a name of its own, and in production over TLS. */
export function socialProblems(values: Values, problems: readonly string[]): string[] {
  const found = PROVIDER_GROUPS.flatMap((group) => missingOf(values, group, problems));
  // What is wrong by itself is to be put right first.
  const providers = problems.length > 0 ? [] : providersOf(values);
  const ids = providers.map(({ id }) => id);
  for (const id of new Set(ids)) {
    if (RESERVED_PROVIDER_IDS.includes(id))
      found.push(`OIDC_PROVIDERS has the id ${id}, which is a path of ours`);
    if (ids.filter((other) => other === id).length > 1)
      found.push(`OIDC_PROVIDERS has the id ${id}, which another provider has`);
  }
  if (values.NODE_ENV !== 'production') return found;
  if (values.DEMO_PROVIDER)
    found.push('DEMO_PROVIDER is true: it lets everyone in as anyone, so not in production');
  for (const provider of values.DEMO_PROVIDER ? [] : providers) {
    const origins = new Set(endpointsOf(provider).map((endpoint) => new URL(endpoint).origin));
    for (const origin of origins) {
      if (origin.startsWith('http:'))
        found.push(`The provider ${provider.id} is at ${origin}: production wants https`);
    }
  }
  return found;
}

/** All that its configuration names; what an OpenID provider names itself is held to the same when it is read. */
function endpointsOf(settings: ProviderSettings): readonly string[] {
  if (settings.kind === 'openid') return [settings.issuer];
  return [settings.authorizationEndpoint, settings.tokenEndpoint, settings.apiUrl];
}

/** What is set and wrong has been reported already. */
function missingOf(values: Values, group: readonly (keyof Values)[], problems: readonly string[]): string[] {
  if (group.some((name) => problems.some((problem) => problem.startsWith(`${name} `)))) return [];
  const set = group.filter((name) => values[name] !== undefined);
  if (set.length === 0 || set.length === group.length) return [];
  return group
    .filter((name) => !set.includes(name))
    .map(
      (name) =>
        `${name} is not set while ${set.join(' and ')} ${set.length === 1 ? 'is' : 'are'}: set all or none`,
    );
}

/** Problems of the keys, each by itself and with the algorithm. */
export function keyProblems(values: Values): string[] {
  const { JWT_ALG: algorithm = 'HS256', JWT_PRIVATE_KEY: privateKey } = values;
  const found: string[] = [];
  for (const [name, list] of [
    ['JWT_SECRET', 'JWT_PREVIOUS_SECRETS'],
    ['APP_SECRET', 'APP_PREVIOUS_SECRETS'],
    ['COOKIE_SECRET', 'COOKIE_PREVIOUS_SECRETS'],
  ] as const) {
    if (!/^\s+\S|\S\s+$|[,\r\n]/.test(values[name] ?? '')) continue;
    found.push(`${name} has a comma, a line break or a blank at an end: it could not be listed in ${list}`);
  }
  if (algorithm === 'HS256' && privateKey !== undefined) {
    found.push('JWT_PRIVATE_KEY is set while JWT_ALG is HS256: set JWT_ALG=ES256 or RS256');
  } else if (algorithm !== 'HS256' && privateKey === undefined && values.NODE_ENV === 'production') {
    found.push(
      `JWT_PRIVATE_KEY is not set: JWT_ALG=${algorithm} needs a private key in production; npm run --silent keys -- new ${algorithm} > jwt-key.pem makes one, and JWT_PRIVATE_KEY_FILE=jwt-key.pem names it`,
    );
  } else {
    found.push(...keyRingProblems(values, algorithm));
  }
  return found;
}

/** Only building the key ring shows whether the keys parse and fit, so it is built here and discarded. */
function keyRingProblems(values: Values, algorithm: Algorithm): string[] {
  try {
    createKeyRing({
      // One that the data directory keeps is read later.
      algorithm: values.JWT_PRIVATE_KEY === undefined ? 'HS256' : algorithm,
      secret: values.JWT_SECRET,
      appSecrets: [''],
      privateKey: values.JWT_PRIVATE_KEY,
      previousSecrets: values.JWT_PREVIOUS_SECRETS ?? [],
      previousPublicKeys: values.JWT_PREVIOUS_PUBLIC_KEYS ?? [],
    });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
