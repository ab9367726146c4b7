import { z } from 'zod';
import { fault, wellFormedText } from '../http/text.ts';
import type { ApiKey } from './ports.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';
const MAX_NAME_LENGTH = 100;
const MAX_SCOPE_LENGTH = 10_000;
/** Control characters, line ends, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** RFC 6749 section 3.3, where an empty list is one too. */
const SCOPE = /^([\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*)?$/;

const KeyName = wellFormedText
  .refine(
    (value) => value.length <= 4 * MAX_NAME_LENGTH && !UNPRINTABLE.test(value),
    fault('invalid_name', `Must have at most ${MAX_NAME_LENGTH} characters and none that control the text.`),
  )
  .transform((value) => value.trim().normalize('NFC'))
  .refine(
    (value) => value !== '' && [...value].length <= MAX_NAME_LENGTH,
    fault('invalid_name', `Must have 1 to ${MAX_NAME_LENGTH} characters.`),
  )
  .meta({ example: 'Nightly backup', minLength: 1, maxLength: MAX_NAME_LENGTH });

const KeyScope = wellFormedText
  .refine(
    (value) => value.length <= MAX_SCOPE_LENGTH && SCOPE.test(value),
    fault('invalid_scope', 'Must be permissions separated by single spaces.'),
  )
  .transform((value) => [...new Set(value.split(' ').filter((permission) => permission !== ''))].sort())
  .meta({
    description: 'Permissions to narrow the key to, separated by spaces; without it, all that you have',
    example: '',
  });

const Expiry = z
  .string()
  .refine(isTime, fault('invalid_time', `Must be a time such as ${EXAMPLE_TIME}.`))
  .transform((value) => new Date(value))
  .meta({
    format: 'date-time',
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

/** With an offset, and of a year that every database can keep. */
function isTime(value: string): boolean {
  return (
    z.iso.datetime({ offset: true }).safeParse(value).success && new Date(value).getUTCFullYear() <= 9999
  );
}
