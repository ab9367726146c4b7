import { z } from 'zod';
import { EXAMPLE_ID } from '../values/fields.ts';
import { wellFormedText } from '../values/text.ts';
import type { RememberedDevice, TotpFactor } from './factor.ts';

const MAX_CODE_LENGTH = 64;

/** A code as it is typed. */
export const FactorCode = wellFormedText.max(MAX_CODE_LENGTH).meta({
  description: 'Of the authenticator app, the message, or the list of recovery codes',
  example: '492039',
});

const DeviceView = z
  .strictObject({
    id: z.uuid(),
    user_agent: z.string().nullable(),
    ip: z.string().nullable(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'RememberedDevice' });

/** The devices on which a second factor is not asked for. */
export const rememberedDevicesShape = { remembered_devices: z.array(DeviceView) };

export function presentDevices(devices: readonly RememberedDevice[]): {
  readonly remembered_devices: z.infer<typeof DeviceView>[];
} {
  return {
    remembered_devices: devices.map(({ id, userAgent, ip, createdAt, expiresAt }) => ({
      id,
      user_agent: userAgent,
      ip,
      created_at: createdAt.toISOString(),
      expires_at: expiresAt.toISOString(),
    })),
  };
}

export const TotpView = z
  .strictObject({
    id: z.uuid().meta({ example: EXAMPLE_ID }),
    name: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'TotpFactor' });

export function presentTotp({ id, name, createdAt, lastUsedAt }: TotpFactor): z.infer<typeof TotpView> {
  return {
    id,
    name,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  };
}

export const RecoveryCodes = z
  .array(z.string())
  .meta({ description: 'Ten, each good once. They are shown this once', example: ['k7w2p-9xv4t'] });
