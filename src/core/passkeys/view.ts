import { z } from 'zod';
import type { User } from '../users/user.ts';
import { type Passkey, userHandleOf } from './passkey.ts';

const EXAMPLE_TIME = '2026-11-20T04:31:37.251Z';

export const PasskeyView = z
  .strictObject({
    id: z.uuid().meta({ example: '01a1f739-6923-7248-88fc-19260e07eec4' }),
    name: z.string().meta({ example: 'Chrome on macOS' }),
    aaguid: z.guid().meta({
      description: 'The model of the authenticator, as it names itself',
      example: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd',
    }),
    transports: z.array(z.string()).meta({ description: 'How it is reached', example: ['internal'] }),
    backup_eligible: z.boolean().meta({ description: 'Whether it may be copied to other devices' }),
    backed_up: z.boolean().meta({ description: 'Whether it is, as of its last use' }),
    created_at: z.iso.datetime().meta({ example: EXAMPLE_TIME }),
    last_used_at: z.iso.datetime().nullable().meta({ description: 'Null before its first use' }),
  })
  .meta({ id: 'Passkey' });

/** Member by member, so that nothing the store adds can leak. */
export function presentPasskey(passkey: Passkey): z.infer<typeof PasskeyView> {
  return {
    id: passkey.id,
    name: passkey.name,
    aaguid: passkey.aaguid,
    transports: [...passkey.transports],
    backup_eligible: passkey.isBackupEligible,
    backed_up: passkey.isBackedUp,
    created_at: passkey.createdAt.toISOString(),
    last_used_at: passkey.lastUsedAt?.toISOString() ?? null,
  };
}

/** The arguments of the signals by which a page has authenticators forget or rename passkeys (WebAuthn section 5.1.10). */
export const PasskeySignals = z
  .strictObject({
    all_accepted_credentials: z
      .strictObject({ rpId: z.string(), userId: z.string(), allAcceptedCredentialIds: z.array(z.string()) })
      .meta({ description: 'For PublicKeyCredential.signalAllAcceptedCredentials()' }),
    current_user_details: z
      .strictObject({ rpId: z.string(), userId: z.string(), name: z.string(), displayName: z.string() })
      .meta({ description: 'For PublicKeyCredential.signalCurrentUserDetails()' }),
  })
  .meta({ id: 'PasskeySignals' });

export function presentSignals(
  rpId: string,
  user: User,
  passkeys: readonly Passkey[],
): z.infer<typeof PasskeySignals> {
  const userId = userHandleOf(user.id);
  const allAcceptedCredentialIds = passkeys.map(({ credentialId }) => credentialId);
  return {
    all_accepted_credentials: { rpId, userId, allAcceptedCredentialIds },
    current_user_details: { rpId, userId, ...namesOf(user) },
  };
}

/** What authenticators show of a user. */
export function namesOf({ id, email, username, phone, name }: User) {
  const identifier = email ?? username ?? phone ?? id;
  return { name: identifier, displayName: name ?? identifier };
}
