import { z } from 'zod';
import type { ApiKey } from '../../core/api-keys/api-key.ts';
import { Scope, Time } from '../../core/values/fields.ts';
import { displayText } from '../../core/values/text.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';
const MAX_NAME_LENGTH = 100;

const KeyName = displayText({ code: 'invalid_name', minLength: 1, maxLength: MAX_NAME_LENGTH }).meta({
  example: 'Nightly backup',
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
});

const KeyScope = Scope.meta({
  description: 'Permissions to narrow the key to, separated by spaces; without it, all that you have',
  example: '',
});

const Expiry = Time.meta({
  description: 'When it ends by itself; without it, never',
  example: '2099-01-01T00:00:00Z',
});

export const ApiKeyBody = z
  .strictObject({
    name: KeyName,
    scope: KeyScope.nullable().default(null),
    expires_at: Expiry.nullable().default(null),
  })
  .meta({ id: 'ApiKeyWish', example: { name: 'Nightly backup', scope: '' } });

export const ApiKeyPath = z.object({
  id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
});

/** Whose keys an administrator looks at. */
const UserPath = z.object({ id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }) });

/** The same, but what is no id is not refused: no user has it, and so no keys. */
export const AnyUserPath = z.object({
  id: z
    .string()
    .transform((text) => UserPath.shape.id.safeParse(text).data)
    .meta({ ...z.toJSONSchema(UserPath.shape.id) }),
});

export const UserKeyPath = UserPath.extend({
  key_id: z.uuid().meta({ example: '01a1f739-6939-74a2-857f-9ffafaab7f3e' }),
});

const apiKeyShape = {
  id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
  name: z.string().meta({ example: 'Nightly backup' }),
  prefix: z.string().meta({ description: 'How the key begins', example: 'lk_Ab3d' }),
  last_four: z.string().meta({ description: 'How the key ends', example: 'x9Yz' }),
  scope: z
    .string()
    .nullable()
    .meta({ description: 'What it is narrowed to; null for all that you have', example: 'users:list' }),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute' }),
  created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
};

export const ApiKeyView = z.strictObject(apiKeyShape).meta({ id: 'ApiKey' });
export const ApiKeysAnswer = z.strictObject({ api_keys: z.array(ApiKeyView) });
export const NewApiKeyAnswer = z
  .strictObject({
    ...apiKeyShape,
    key: z.string().meta({ description: 'Keep it: it is shown this once', example: 'lk_…' }),
  })
  .meta({ id: 'NewApiKey' });

/** Member by member, so that nothing the store adds can leak. */
export function presentApiKey(key: ApiKey): z.infer<typeof ApiKeyView> {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    last_four: key.lastFour,
    scope: key.scope,
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
  };
}
