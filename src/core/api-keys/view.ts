import { z } from 'zod';
import type { ApiKey } from './api-key.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';

export const ApiKeyView = z
  .strictObject({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    name: z.string().meta({ example: 'Nightly backup' }),
    prefix: z.string().meta({ description: 'How the key begins', example: 'lk_Ab3d' }),
    last_four: z.string().meta({ description: 'How the key ends', example: 'x9Yz' }),
    scope: z
      .string()
      .nullable()
      .meta({ description: 'Its permissions; null for all that you have', example: 'users:list' }),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute' }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
  })
  .meta({ id: 'ApiKey' });

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
