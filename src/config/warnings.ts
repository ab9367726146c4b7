import type { Environment } from '../../config/environment.cjs';
import { isDemoProviderInstalled } from './demo-provider.ts';
import { misspelledVariables } from './misspelled.ts';
import { expectedHashMilliseconds } from './passwords.ts';
import type { Values } from './variables.ts';

const MAX_HASH_MILLISECONDS = 1_000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
const LOCAL_HOST = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1?\]|0\.0\.0\.0)$/;

/** Settings that work, but not as an operator may expect. */
export function configWarnings(values: Values, env: Environment): string[] {
  const production = values.NODE_ENV === 'production';
  return [
    ...misspelledVariables(env),
    ...(production ? productionWarnings(values) : []),
    ...cookieWarnings(values),
    ...(values.DEMO_PROVIDER && !isDemoProviderInstalled()
      ? [
          'DEMO_PROVIDER has no effect: it needs the development dependencies, which npm ci --include=dev installs',
        ]
      : []),
    ...(production ? [] : outboxWarnings(values)),
    ...(values.SESSION_IDLE_SECONDS > values.SESSION_ABSOLUTE_SECONDS && env.SESSION_IDLE_SECONDS
      ? [
          `SESSION_IDLE_SECONDS (${values.SESSION_IDLE_SECONDS}) is above SESSION_ABSOLUTE_SECONDS (${values.SESSION_ABSOLUTE_SECONDS}), so it never ends a session`,
        ]
      : []),
    ...(values.RATE_LIMITS === 'on' && values.WEB_CONCURRENCY > 1 && values.REDIS_URL === undefined
      ? [`REDIS_URL is not set: each of the ${values.WEB_CONCURRENCY} processes counts requests for itself`]
      : []),
  ];
}

/** Messages that stay in the outbox are shown to everyone who can reach the service. */
function outboxWarnings({ HOST: host, SMTP_URL, TWILIO_ACCOUNT_SID, SMS_WEBHOOK_URL }: Values): string[] {
  const sendsAll = SMTP_URL !== undefined && (TWILIO_ACCOUNT_SID ?? SMS_WEBHOOK_URL) !== undefined;
  if (sendsAll || host === undefined || LOOPBACK.test(host)) return [];
  return [
    `HOST is ${host} while messages stay in the outbox: anyone who reaches this host reads codes and links at /dev/outbox, and so gets into every account`,
  ];
}

/** What wider cookies cost. */
function cookieWarnings({ COOKIE_DOMAIN: domain, COOKIE_SAMESITE: sameSite }: Values): string[] {
  return [
    ...(domain === undefined
      ? []
      : [
          `COOKIE_DOMAIN is ${domain}: every host below it gets the session cookie and can plant one, so one of them that is taken over is enough to act for every user`,
        ]),
    ...(sameSite === 'none'
      ? [
          'COOKIE_SAMESITE is none: browsers send the session cookie with requests from any site, so only Origin and X-CSRF-Token tell those of your pages from others; browsers that block third-party cookies drop it, and it takes HTTPS',
        ]
      : []),
  ];
}

function productionWarnings(values: Values): string[] {
  const found: string[] = channelWarnings(values);
  if (values.RATE_LIMITS === 'off') {
    found.push('RATE_LIMITS=off: passwords may be guessed as fast as they are checked');
  }
  found.push(...publicUrlWarnings(values));
  const hashMilliseconds = expectedHashMilliseconds(values.BCRYPT_COST);
  if (hashMilliseconds > MAX_HASH_MILLISECONDS) {
    found.push(
      `BCRYPT_COST is ${values.BCRYPT_COST}: each login takes about ${Math.round(hashMilliseconds / 1000)} seconds of a core, and a few at a time are refused with 503; 12 or 13 is usual`,
    );
  }
  if (values.JWT_ALG === 'HS256' && values.APP_SECRET === undefined) {
    found.push(
      'APP_SECRET is not set: any service that verifies with JWT_SECRET can also make refresh tokens. docs/tokens.md says how to set it without logging users out',
    );
  }
  return found;
}

function publicUrlWarnings({ PUBLIC_URL: url }: Values): string[] {
  if (url === undefined) return [];
  return [
    ...(LOCAL_HOST.test(new URL(url).hostname)
      ? [
          `PUBLIC_URL is ${url}: clients on other hosts reach no service there, and tokens name it as their issuer; set the URL under which they do`,
        ]
      : []),
    ...(url.startsWith('http:')
      ? [
          'PUBLIC_URL begins with http: in production cookies take HTTPS, also at localhost, so no one can sign in on the pages or with a cookie; use https',
        ]
      : []),
  ];
}

/** What is missing for messages, and what sends them where others can read them. */
function channelWarnings(values: Values): string[] {
  const found: string[] = [];
  if (values.SMTP_URL === undefined) {
    found.push(
      'SMTP_URL is not set: no mail is sent, and routes that send mail answer 501 (a forgotten password, codes and links by mail, changes of the address)',
    );
  }
  if (values.TWILIO_ACCOUNT_SID === undefined && values.SMS_WEBHOOK_URL === undefined) {
    found.push(
      'Neither TWILIO_ACCOUNT_SID nor SMS_WEBHOOK_URL is set: no SMS are sent, and routes that send them answer 501 (codes for phone numbers)',
    );
  }
  for (const name of ['TWILIO_API_URL', 'SMS_WEBHOOK_URL'] as const) {
    const url = values[name];
    if (url === undefined || !url.startsWith('http://') || LOCAL_HOST.test(new URL(url).hostname)) continue;
    found.push(`${name} begins with http: the codes in SMS cross the network without TLS; use https`);
  }
  for (const url of values.RETURN_URLS) {
    if (!url.startsWith('http://') || LOCAL_HOST.test(new URL(url).hostname)) continue;
    found.push(`RETURN_URLS has ${url}: the codes that sign in cross the network without TLS; use https`);
  }
  return found;
}
