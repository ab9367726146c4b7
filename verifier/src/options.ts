import { createChecks } from './checks.ts';
import { CLOCK_TOLERANCE_SECONDS, MAX_CLOCK_TOLERANCE_SECONDS } from './verify.ts';

/** The keys that verify tokens: under HS256 the secret and those before it; else the URL where keys are published. */
export type KeyOptions =
  | { readonly secret: string; readonly secrets?: never; readonly jwksUri?: never }
  | { readonly secret?: never; readonly secrets: readonly string[]; readonly jwksUri?: never }
  | { readonly secret?: never; readonly secrets?: never; readonly jwksUri: string | URL };

/** Where and how revocations are followed. */
export interface RevocationsOptions {
  /** The feed: https://auth.example.com/revocations */
  readonly url: string | URL;
  /** The id of a machine client with the permission revocations:read. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** After this many seconds without an answer of the feed its knowledge counts as stale: 2 to 3600, 10 by default. */
  readonly maxLagSeconds?: number;
  /** Then: refuse every token, or accept those that are not known to be revoked. By default refuse. */
  readonly whenStale?: 'refuse' | 'accept';
}

interface Options {
  readonly issuer: string;
  readonly audience: string;
  readonly secret?: string | undefined;
  readonly secrets?: readonly string[] | undefined;
  readonly jwksUri?: string | URL | undefined;
  readonly clockToleranceSeconds?: number;
  readonly revocations?: RevocationsOptions | undefined;
}

const MEMBERS = [
  'issuer',
  'audience',
  'secret',
  'secrets',
  'jwksUri',
  'clockToleranceSeconds',
  'revocations',
  'onError',
  'clock',
];
const REVOCATIONS_MEMBERS = ['url', 'clientId', 'clientSecret', 'maxLagSeconds', 'whenStale'];
const { assertOption, requireMembers, requireText, requireWithin } = createChecks('createVerifier');
const DEFAULT_LAG_SECONDS = 10;

/**
 * Reads the options of a verifier.
 * @throws TypeError where one is missing, unknown or of no use
 */
export function parseOptions(options: Options) {
  requireMembers(options, 'the options', MEMBERS);
  const { secret, secrets, jwksUri, clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS, revocations } = options;
  const given = [secret, secrets, jwksUri].filter((source) => source !== undefined);
  assertOption(given.length === 1, 'exactly one of secret, secrets and jwksUri is needed');
  const allSecrets = secret === undefined ? (secrets ?? []) : [secret];
  assertOption(jwksUri !== undefined || allSecrets.length > 0, 'secrets must not be empty');
  for (const each of allSecrets) requireText(each, 'secret');
  return {
    issuer: requireText(options.issuer, 'issuer'),
    audience: requireText(options.audience, 'audience'),
    secrets: allSecrets,
    jwksUri: jwksUri === undefined ? undefined : parseUrl(jwksUri, 'jwksUri'),
    clockToleranceSeconds: requireWithin(
      clockToleranceSeconds,
      0,
      MAX_CLOCK_TOLERANCE_SECONDS,
      'clockToleranceSeconds',
    ),
    feed: revocations && parseRevocations(revocations),
  };
}

function parseRevocations(options: RevocationsOptions) {
  requireMembers(options, 'revocations', REVOCATIONS_MEMBERS);
  const { maxLagSeconds = DEFAULT_LAG_SECONDS, whenStale = 'refuse' } = options;
  const url = parseUrl(options.url, 'revocations.url');
  assertOption(url.pathname.endsWith('/revocations'), 'revocations.url must end in /revocations');
  assertOption(
    whenStale === 'refuse' || whenStale === 'accept',
    'revocations.whenStale must be refuse or accept',
  );
  return {
    url,
    clientId: requireText(options.clientId, 'revocations.clientId'),
    clientSecret: requireText(options.clientSecret, 'revocations.clientSecret'),
    maxLagSeconds: requireWithin(maxLagSeconds, 2, 3600, 'revocations.maxLagSeconds'),
    whenStale,
  };
}

function parseUrl(value: string | URL, name: string): URL {
  const url = URL.canParse(String(value)) ? new URL(value) : undefined;
  assertOption(
    url !== undefined && ['http:', 'https:'].includes(url.protocol),
    `${name} must be a URL of http or https`,
  );
  return url as URL;
}
