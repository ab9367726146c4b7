import { z } from 'zod';
import type { Client } from '../../core/clients/client.ts';
import { Id, Scope, Time } from '../../core/values/fields.ts';
import { NextCursor, pageOf, pagingById } from '../../core/values/paging.ts';
import { displayText, fieldIssue } from '../../core/values/text.ts';
import type { ClientWithSecret } from './clients.ts';

const EXAMPLE_TIME = '2027-11-20T04:31:37.251Z';
const EXAMPLE_SECRET = 'lcs_1nvE9zcq3ZSlXv7C7xkmBuDsxbsYzmMLtT5k0dLQd0A';
const EXAMPLE_SCOPE = 'tokens:introspect';

const MAX_NAME_LENGTH = 200;

const Name = displayText({ code: 'invalid_name', minLength: 1, maxLength: MAX_NAME_LENGTH }).meta({
  description: 'Shown to people',
  maxLength: MAX_NAME_LENGTH,
  example: 'Nightly reports',
});

const ClientScope = Scope.meta({
  description: 'Permissions separated by spaces, none that you do not hold yourself; empty for none',
  example: EXAMPLE_SCOPE,
});

const ExpiresAt = Time.nullable().meta({
  description: 'From then on it gets no tokens; null for never',
  example: EXAMPLE_TIME,
});

export const NewClientBody = z
  .strictObject({ name: Name, scope: ClientScope, expires_at: ExpiresAt.optional() })
  .meta({ id: 'NewClient', example: { name: 'Nightly reports', scope: EXAMPLE_SCOPE } });

export const ClientChangeBody = z
  .strictObject({ name: Name.optional(), scope: ClientScope.optional(), expires_at: ExpiresAt.optional() })
  .refine((body) => Object.keys(body).length > 0, fieldIssue('empty', 'Send at least one field.'))
  .meta({ id: 'ClientChange', minProperties: 1, example: { name: 'Reports of the night' } });

export const ClientPath = z.object({ client_id: Id });

export const SecretPath = ClientPath.extend({ secret_id: Id });

export const ClientsQuery = z.strictObject(pagingById);

const secretText = z.string().meta({ description: 'Shown this once', example: EXAMPLE_SECRET });

export const ClientView = z
  .strictObject({
    client_id: z.uuid(),
    name: z.string(),
    scope: z.string().meta({ description: 'The permissions of its tokens, separated by spaces' }),
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
  next_cursor: NextCursor,
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

export function presentClients(clients: readonly Client[], limit: number): z.infer<typeof ClientsAnswer> {
  const { items, nextCursor } = pageOf(clients, limit, ({ id }) => id);
  return { clients: items.map(presentClient), next_cursor: nextCursor };
}
