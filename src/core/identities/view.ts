import { z } from 'zod';
import type { Identity } from './identity.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';

export const IdentityView = z
  .strictObject({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    provider: z.string().meta({ description: 'As in GET /login/providers', example: 'google' }),
    email: z.string().nullable().meta({
      description: 'As the provider last gave it; null where it gave none',
      example: 'grace@example.com',
    }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
    last_used_at: z.iso.datetime().meta({ description: 'The last sign-in by it', example: EXAMPLE_TIME }),
  })
  .meta({ id: 'Identity' });

/** Member by member, so that nothing the store adds can leak. */
export function presentIdentity(identity: Identity): z.infer<typeof IdentityView> {
  return {
    id: identity.id,
    provider: identity.provider,
    email: identity.email,
    created_at: identity.createdAt.toISOString(),
    last_used_at: identity.lastUsedAt.toISOString(),
  };
}
