import type { RequestOrigin } from '../principal.ts';
import type { Transport } from '../sessions/session.ts';
import type { DeviceOfClient } from './device-tokens.ts';

/**
 * The client of a sign-in: what it asks for, where it is, and the evidence of earlier sign-ins on the same device, so that
 * failures elsewhere do not count against it.
 */
export interface SignInClient extends DeviceOfClient {
  readonly transport: Transport;
  readonly origin: RequestOrigin;
}

/** The same with the device token that a body names, which goes before that of the cookie. */
export function withDeviceToken(client: SignInClient, deviceToken: string | undefined): SignInClient {
  return { ...client, deviceToken: deviceToken ?? client.deviceToken };
}
