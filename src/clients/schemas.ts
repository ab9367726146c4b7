import { z } from 'zod';
import { fault, wellFormedText } from '../http/text.ts';
import type { Client } from './ports.ts';
import type { ClientWithSecret } from './service.ts';

const EXAMPLE_ID = '01a1f739-6923-7248-88fc-19260e07eec4';
const EXAMPLE_TIME = '2027-11-20T04:31:37.251Z';
const EXAMPLE_SECRET = 'lcs_1nvE9zcq3ZSlXv7C7xkmBuDsxbsYzmMLtT5k0dLQd0A';
const EXAMPLE_SCOPE = 'tokens:introspect';

const MAX_NAME_LENGTH = 200;
/** More would not fit into a token that every server takes in a header. */
const MAX_SCOPE_LENGTH = 4096;
/** RFC 6749 section 3.3: visible ASCII but for the quotation mark and the backslash. */
const SCOPE = /^(?:[\x21\x23-\x5b\x5d-\x7e]{1,128}(?: [\x21\x23-\x5b\x5d-\x7e]{1,128})*)?$/;
/** Control characters, line ends, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

const Name = wellFormedText
  .refine(
    (value) => value.length <= 2 * MAX_NAME_LENGTH && !UNPRINTABLE.test(value),
    fault('invalid_name', `Must have at most ${MAX_NAME_LENGTH} characters and none that control the text.`),
  )
  .transform((value) => value.trim().normalize('NFC'))
  .refine(
    (value) => value !== '' && [...value].length <= MAX_NAME_LENGTH,
    fault('invalid_name', `Must have 1 to ${MAX_NAME_LENGTH} characters.`),
  )
  .meta({ description: 'Shown to people', maxLength: MAX_NAME_LENGTH, example: 'Nightly reports' });

/** Permissions, each once and in order. */
const ClientScope = wellFormedText
  .refine(
    (value) => value.length <= MAX_SCOPE_LENGTH,
    fault('too_long', `Must have at most ${MAX_SCOPE_LENGTH} characters.`),
  )
  .refine(
    (value) => SCOPE.test(value),
    fault('invalid', 'Must be names of permissions with one space between them.'),
  )
  .transform((value) => (value === '' ? [] : [...new Set(value.split(' '))].sort()))
  .meta({
    description: 'Permissions separated by spaces, none that you do not hold yourself; empty for none',
    maxLength: MAX_SCOPE_LENGTH,
    example: EXAMPLE_SCOPE,
  });

const ExpiresAt = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .nullable()
  .meta({
    type: ['string', 'null'],
    format: 'date-time',
    description: 'From then on it gets no tokens; null for never',
    example: EXAMPLE_TIME,
  });

export const NewClientBody = z
  .strictObject({ name: Name, scope: ClientScope, expires_at: ExpiresAt.optional() })
  .meta({ id: 'NewClient', example: { name: 'Nightly reports', scope: EXAMPLE_SCOPE } });

export const ClientChangeBody = z
  .strictObject({ name: Name.optional(), scope: ClientScope.optional(), expires_at: ExpiresAt.optional() })
  .refine((body) => Object.keys(body).length > 0, fault('empty', 'Send at least one field.'))
  .meta({ id: 'ClientChange', minProperties: 1, example: { name: 'Reports of the night' } });

export const ClientPath = z.object({ client_id: z.uuid().meta({ example: EXAMPLE_ID }) });

export const SecretPath = ClientPath.extend({ secret_id: z.uuid().meta({ example: EXAMPLE_ID }) });

export const ClientsQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_PAGE, fault('invalid', `Must be from 1 to ${MAX_PAGE}.`))
    .default(DEFAULT_PAGE)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_PAGE, example: DEFAULT_PAGE }),
  cursor: z.uuid().optional().meta({ description: 'next_cursor of the page before' }),
});

const secretText = z.string().meta({ description: 'Shown this once', example: EXAMPLE_SECRET });

export const ClientView = z
  .strictObject({
    client_id: z.uuid(),
    name: z.string(),
    scope: z.string().meta({ description: 'What its tokens may allow, separated by spaces' }),
    expires_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    secrets: z
      .array(z.strictObject({ secret_id: z.uuid(), created_at: z.iso.datetime() }))
      .meta({ description: 'The oldest first; the secrets themselves are not kept' }),
  })
  .meta({ id: 'Client' });

export const NewClientAnswer = ClientView.extend({ client_secret: secretText })
  .strict()
  .meta({ id: 'NewClientAnswer' });

export const ClientsAnswer = z.strictObject({
  clients: z.array(ClientView),
  next_cursor: z.uuid().nullable().meta({ description: 'Null on the last page' }),
});

export const SecretAnswer = z
  .strictObject({ secret_id: z.uuid(), client_secret: secretText })
  .meta({ id: 'NewClientSecret' });

/** Member by member, so that nothing the store adds can leak. */
export function presentClient(client: Client): z.infer<typeof ClientView> {
  return {
    client_id: client.id,
    name: client.name,
    scope: client.permissions.join(' '),
    expires_at: client.expiresAt?.toISOString() ?? null,
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
    secrets: client.secrets.map(({ id, createdAt }) => ({
      secret_id: id,
      created_at: createdAt.toISOString(),
    })),
  };
}

/** The one answer that has the secret. */
export function presentNewClient({ client, secret }: ClientWithSecret): z.infer<typeof NewClientAnswer> {
  return { ...presentClient(client), client_secret: secret };
}

/** One more than a page was asked for: whether there is another page is known by that one. */
export function presentClients(clients: readonly Client[], limit: number): z.infer<typeof ClientsAnswer> {
  const page = clients.slice(0, limit);
  return {
    clients: page.map(presentClient),
    next_cursor: clients.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}
