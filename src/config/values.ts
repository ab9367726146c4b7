import { createPrivateKey } from 'node:crypto';
import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { normalizePem } from '../../config/pem.cjs';
import { FACTOR_METHODS } from '../core/factors/factor.ts';
import type { MfaRequired } from '../core/factors/policy.ts';
import type { Rate } from '../core/limits/quota.ts';
import { isReturnUrl } from './return-url.ts';
import type { ValueType } from './variable.ts';

const MAX_WINDOW_SECONDS = 86_400;

export const text = (wants: string) => valueType(z.string(), wants);

/** What people see as a name: in the subject of a mail a line break would begin a header. */
export const displayName = valueType(z.string().regex(/^\P{Cc}+$/u), 'a name on one line');

export function oneOf<const Names extends readonly [string, ...string[]]>(...names: Names) {
  return valueType(z.enum(names), `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
}

export const flag = valueType(
  z.enum(['true', 'false']).transform((value) => value === 'true'),
  'true or false',
);

export function integer(min: number, max: number, unit = 'a whole number') {
  const schema = z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
  return valueType(schema, `${unit} from ${min} to ${max}`);
}

/** `30/3600`: at most 30 times in 3600 seconds. */
export const rate = valueType(
  z
    .string()
    .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,5}$/)
    .transform((value): Rate => {
      const [limit, windowSeconds] = value.split('/').map(Number) as [number, number];
      return { limit, windowSeconds };
    })
    .refine(({ windowSeconds }) => windowSeconds <= MAX_WINDOW_SECONDS),
  `requests and seconds such as 60/3600, the seconds at most ${MAX_WINDOW_SECONDS}`,
);

export const secrets = valueType(
  z.string().transform((value) =>
    value
      .split(/[,\r\n]/)
      .map((secret) => secret.trim())
      .filter((secret) => secret !== ''),
  ),
  'secrets separated by commas or line breaks',
);

export const privateKeyPem = valueType(z.string().transform(normalizePem), 'a private key in PEM');

/** A key of the curve P-256, as Apple hands it out. */
export const ecPrivateKey = valueType(
  z
    .string()
    .transform((value) => toPkcs8(normalizePem(value)) ?? '')
    .refine((pem) => pem !== ''),
  'a private key of the curve P-256 in PEM, such as the content of AuthKey_ABC123DEFG.p8',
);

/** The one form that jose reads. */
function toPkcs8(pem: string): string | undefined {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    return key.export({ type: 'pkcs8', format: 'pem' }) as string;
  } catch {
    return undefined;
  }
}

/** The PEM blocks of a text, comments between them left out; a block cut short stays, so that it is not lost in silence. */
export const pemBlocks = valueType(
  z.string().transform((text) => {
    const value = normalizePem(text);
    const whole = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;
    const blocks = value.match(whole) ?? [];
    const rest = value.replaceAll(whole, '');
    const isWhole = value === '' || (blocks.length > 0 && !rest.includes('-----'));
    return isWhole ? [...blocks] : [...blocks, rest];
  }),
  'public keys in PEM, one after another',
);

/** Those who have to have a second factor. */
export const requiredRoles = valueType(
  z
    .string()
    .regex(/^(off|all|[a-z0-9_.-]{1,64}( *, *[a-z0-9_.-]{1,64})*)$/)
    .transform((value): MfaRequired => {
      if (value === 'off' || value === 'all') return value;
      return splitList(value).map((role) => (role === 'admins' ? 'admin' : role));
    }),
  'off, all, admins, or names of roles separated by commas',
);

const MFA_METHOD_NAMES = FACTOR_METHODS.filter((method) => method !== 'recovery_code');

export const factorMethods = valueType(
  z
    .string()
    .transform(splitList)
    .pipe(z.array(z.enum(MFA_METHOD_NAMES)).min(1)),
  `some of ${MFA_METHOD_NAMES.join(', ')}, separated by commas`,
);

export const host = valueType(
  z.string().regex(/^[A-Za-z0-9.:-]+$/),
  'an address or a host name to listen on',
);

/** What an Authorization header can carry (RFC 6750 section 2.1). */
export const bearerToken = valueType(
  z
    .string()
    .min(16)
    .regex(/^[A-Za-z0-9\-._~+/]+=*$/),
  'at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end',
);

/** Browsers take no cookie for a name without a dot. */
export const cookieDomain = valueType(
  z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)
    .refine((value) => isIP(value) === 0),
  'a domain such as example.com, without a dot in front',
);

/** Only the known parts of a URL: the client would take a query for options, and any path for a database. */
export const redisUrl = valueType(
  z
    .string()
    .refine((value) => isRedisServer(value) || isRedisCluster(value) || isRedisSentinel(value))
    .refine(canDecode),
  'redis://user:password@host:6379/0, redis+cluster://host:6379,host:6379 or redis+sentinel://host:26379,host:26379/primary/0, or rediss for TLS; a password has # as %23, / as %2F, ? as %3F and % as %25',
);

const REDIS_NODE = String.raw`(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?`;
const REDIS_NODES = String.raw`([^\s/?#@]*@)?(?<nodes>${REDIS_NODE}(,${REDIS_NODE})*)`;

function isRedisServer(value: string): boolean {
  return URL.canParse(value) && /^rediss?:\/\/([^\s/?#@]*@)?[^\s/?#@,]+(\/\d{0,5})?$/.test(value);
}

function isRedisCluster(value: string): boolean {
  return hasRealNodes(new RegExp(`^rediss?\\+cluster://${REDIS_NODES}/?$`).exec(value));
}

function isRedisSentinel(value: string): boolean {
  return hasRealNodes(new RegExp(`^rediss?\\+sentinel://${REDIS_NODES}/[^\\s/?#]+(/\\d{1,5})?$`).exec(value));
}

/** Whether there are such hosts and ports. */
function hasRealNodes(found: RegExpExecArray | null): boolean {
  return found?.groups?.nodes?.split(',').every((node) => URL.canParse(`redis://${node}`)) ?? false;
}

export const publicUrl = valueType(
  z
    .string()
    .transform((value) => value.replace(/\/+$/, ''))
    .refine((value) => URL.canParse(value) && /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(value)),
  'the http(s) URL under which clients reach the service, without query or user',
);

/** A page that is given a token: in the fragment, where no server or log sees it, or in the query. */
export const tokenUrl = valueType(
  z
    .string()
    .refine((value) => /^https?:\/\/[^\s/?#@\\{}]+[/?#][^\s\\{}]*\{token\}[^\s\\{}]*$/.test(value))
    .refine((value) => URL.canParse(value.replace('{token}', 'x'))),
  'an http(s) URL with {token} once, such as https://app.example.com/reset-password#token={token}',
);

export const origins = valueType(
  z
    .string()
    .transform(splitList)
    .superRefine((list, context) => {
      for (const item of list.filter((entry) => !isOrigin(entry))) {
        const meant = originMeantBy(item);
        context.addIssue({
          code: 'custom',
          params: meant === undefined ? {} : { advice: `write ${meant} in place of ${item}` },
        });
      }
    }),
  'a comma-separated list of origins such as https://app.example.com or https://*.example.com, never *',
);

/** No query: the mail library would take it for options, such as one that skips the check of certificates. */
export const smtpUrl = valueType(
  z
    .string()
    .refine((value) => URL.canParse(value) && /^smtps?:\/\/([^\s/?#@]*@)?[^\s/?#@,]+\/?$/.test(value))
    .refine(canDecode),
  'smtp://user:password@host:587 or smtps://user:password@host:465, the password with # as %23, / as %2F, ? as %3F, @ as %40 and % as %25',
);

/** The sender of mail, with a name if there is one. */
export const mailbox = valueType(
  z
    .string()
    .trim()
    .regex(/^(?:[^\p{Cc}<>"]+ )?<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/u),
  'an address such as no-reply@example.com or Example <no-reply@example.com>',
);

export const directory = valueType(
  z
    .string()
    .transform((value) => resolve(value))
    .refine((value) => statSync(value, { throwIfNoEntry: false })?.isDirectory() === true),
  'a directory that is there',
);

/** A file that is there and whose name ends in one of these. */
export function fileOf(...endings: readonly string[]) {
  const schema = z
    .string()
    .transform((value) => resolve(value))
    .refine((value) => endings.some((ending) => value.toLowerCase().endsWith(`.${ending}`)))
    .refine((value) => statSync(value, { throwIfNoEntry: false })?.isFile() === true);
  return valueType(schema, `a file that is there and ends in ${endings.map((one) => `.${one}`).join(', ')}`);
}

export const color = valueType(
  z
    .string()
    .toLowerCase()
    .regex(/^#[0-9a-f]{6}$/),
  'a colour such as #1d4ed8',
);

export const webUrl = valueType(
  z
    .string()
    .transform((value) => value.replace(/\/+$/, ''))
    .refine((value) => URL.canParse(value) && /^https?:\/\/[^\s/?#@\\]+([/?][^\s#\\]*)?$/.test(value)),
  'an http(s) URL without user',
);

export const twilioAccount = valueType(
  z.string().regex(/^AC[0-9a-fA-F]{32}$/),
  'the account SID, which is AC and 32 hexadecimal digits',
);

/** A number in E.164, a short code, the SID of a messaging service, or a sender id. */
export const twilioSender = valueType(
  z.string().regex(/^(?:\+[1-9]\d{6,14}|\d{3,8}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/),
  'a number such as +15550001111, a short code, a sender id of up to 11 letters and digits, or a messaging service SID, which is MG and 32 hexadecimal digits',
);

const MIN_WEBHOOK_KEY_BYTES = 24;
const MAX_WEBHOOK_KEY_BYTES = 64;

/** As Standard Webhooks write a symmetric secret. */
export const webhookSecret = valueType(
  z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/)
    .refine((value) => {
      const text = value.slice('whsec_'.length);
      const key = Buffer.from(text, 'base64');
      const isWhole = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
      return isWhole && key.length >= MIN_WEBHOOK_KEY_BYTES && key.length <= MAX_WEBHOOK_KEY_BYTES;
    }),
  `whsec_ and ${MIN_WEBHOOK_KEY_BYTES} to ${MAX_WEBHOOK_KEY_BYTES} bytes in base64: make one with echo "whsec_$(openssl rand -base64 32)"`,
);

/** ISO 3166-1 alpha-2. */
export const countries = valueType(
  z
    .string()
    .toUpperCase()
    .transform(splitList)
    .refine((list) => list.every((country) => /^[A-Z]{2}$/.test(country))),
  'a comma-separated list of two-letter country codes such as DE,AT,CH',
);

/** A number that always has the same code, until the end of a day. */
export interface SmsTestCode {
  readonly phone: string;
  readonly code: string;
  readonly endsAt: Date | null;
}

const SMS_TEST_CODE = /^(?<phone>\+[1-9]\d{6,14}):(?<code>\d{6})(?::(?<day>\d{4}-\d{2}-\d{2}))?$/;

export const smsTestCodes = valueType(
  z
    .string()
    .transform(splitList)
    .refine((list) => list.every((item) => readSmsTestCode(item) !== undefined))
    .transform((list) => list.flatMap((item) => readSmsTestCode(item) ?? [])),
  'a comma-separated list such as +15550001111:123456 or +15550001111:123456:2027-01-31',
);

function readSmsTestCode(item: string): SmsTestCode | undefined {
  const { phone, code, day } = SMS_TEST_CODE.exec(item)?.groups ?? {};
  if (phone === undefined || code === undefined) return undefined;
  const endsAt = day === undefined ? null : new Date(`${day}T23:59:59.999Z`);
  return endsAt === null || isDay(endsAt, day) ? { phone, code, endsAt } : undefined;
}

/** Whether a time is of a day as it is written: 31 February is none, though it is taken for one in March. */
function isDay(time: Date, day = ''): boolean {
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}

/** Each as a browser writes it: an origin for all of its pages, or one page. */
export const returnUrls = valueType(
  z
    .string()
    .transform(splitList)
    .refine((list) => list.every(isReturnUrl)),
  'a comma-separated list of origins such as https://app.example.com and of pages such as https://app.example.com/signed-in or com.example.app:/signed-in, as a browser writes them',
);

export const clientIds = valueType(z.string().transform(splitList), 'a comma-separated list of client ids');

const Scopes = z.string().transform((value) => value.split(/\s+/).filter((scope) => scope !== ''));

export const scopes = valueType(Scopes, 'scopes separated by spaces');

/** Kept as it is written: a slash at its end belongs to it (OpenID Connect Discovery section 4.3). */
export const issuerUrl = valueType(
  z.string().refine(isIssuer),
  'an http(s) URL without user, query and fragment',
);

function isIssuer(value: string): boolean {
  return URL.canParse(value) && /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(value);
}

export const domains = valueType(
  z
    .string()
    .toLowerCase()
    .transform(splitList)
    .transform((list) => list.map((domain) => domainToASCII(domain)))
    .refine((list) => list.every((domain) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain))),
  'a comma-separated list of domains such as example.com',
);

export const microsoftTenant = valueType(
  z
    .string()
    .toLowerCase()
    .regex(/^(common|organizations|consumers|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/),
  'common, organizations, consumers, or the id of a tenant such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
);

const OidcProvider = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  name: z.string().trim().min(1).max(50),
  issuer: z.string().max(255).refine(isIssuer),
  client_id: z.string().min(1),
  client_secret: z.string().min(1).optional(),
  scopes: Scopes.prefault('openid email profile').refine((list) => list.includes('openid')),
  native_client_ids: z.array(z.string().min(1)).default([]),
  response_mode: z.enum(['query', 'form_post']).default('query'),
});

/** The message names the members that are wrong, and none of their values: there are secrets among them. */
export const oidcProviders = valueType(
  z.string().transform((value, context) => {
    const json = readJson(value);
    const result = z.array(OidcProvider).safeParse(json);
    if (result.success) return result.data;
    if (json === undefined) {
      context.addIssue({ code: 'custom', params: { advice: 'what is wrong: it is not JSON' } });
      return z.NEVER;
    }
    const wrong = result.error.issues.flatMap((issue) => {
      const names = issue.code === 'unrecognized_keys' ? issue.keys : [];
      const paths = names.length > 0 ? names.map((name) => [...issue.path, name]) : [issue.path];
      return paths.map((path) => path.join('.') || 'the list itself');
    });
    const advice = `what is wrong: ${[...new Set(wrong)].join(', ')}`;
    context.addIssue({ code: 'custom', params: { advice } });
    return z.NEVER;
  }),
  'a list in JSON such as [{"id":"acme","name":"Acme","issuer":"https://id.example.com","client_id":"latchkey","client_secret":"…"}], with an id of a-z, 0-9 and -, and openid among the scopes',
);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A domain to which passkeys belong: as a browser writes it, and no address. */
export const rpId = valueType(
  z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/)
    .refine((value) => isIP(value) === 0),
  'a domain such as example.com, in lower case and in punycode',
);

const APP_ORIGIN = /^(?:android:apk-key-hash:[A-Za-z0-9_-]{43}|ios:bundle-id:[A-Za-z0-9.-]+)$/;

/** Browsers offer passkeys to pages over TLS, and to those of their own host. */
export const webauthnOrigins = valueType(
  z
    .string()
    .transform(splitList)
    .refine((list) => list.length > 0 && list.every((item) => APP_ORIGIN.test(item) || isSecureOrigin(item))),
  'a comma-separated list of origins such as https://app.example.com and android:apk-key-hash:…, http for localhost only',
);

function isSecureOrigin(value: string): boolean {
  if (value.includes('*') || !URL.canParse(value) || new URL(value).origin !== value) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && /^(?:.+\.)?localhost$/.test(hostname));
}

export const trustProxy = valueType(
  z
    .string()
    .transform((value) => (/^\d{1,2}$/.test(value) ? Number(value) : splitList(value)))
    .refine((value) => typeof value === 'number' || (value.length > 0 && value.every(isAddressRange))),
  'the number of proxies in front (0 to 99) or a comma-separated list of their addresses, never true',
);

function valueType<Schema extends z.ZodType>(schema: Schema, wants: string): ValueType<Schema> {
  return { schema, wants };
}

function canDecode(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** As a browser writes it. A * stands for the first label of a name that has two more. */
function isOrigin(value: string): boolean {
  const example = value.replace(/^(https?:\/\/)\*(?=\.[^.*]+\.[^.*])/, '$1any');
  return !example.includes('*') && URL.canParse(example) && new URL(example).origin === example;
}

/** What an operator meant who wrote a path, a port that goes without saying, or capitals; undefined where that is unclear. */
function originMeantBy(value: string): string | undefined {
  const url = value.replace(/^(https?:\/\/)\*\./i, '$1any.');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  const { username, password, origin } = new URL(url);
  const meant = url === value ? origin : origin.replace('://any.', '://*.');
  return username === '' && password === '' && isOrigin(meant) ? meant : undefined;
}

function isAddressRange(value: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(value)) return true;
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return (
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
  );
}
