import type { TOTP } from 'otpauth';
import type { Clock } from '../clock.ts';

/** What authenticator apps take for granted (RFC 6238 section 1.2, and the key URI format of Google). */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const CODE = /^\d{6}$/;
/** How many steps the clock of a phone may be off, either way (RFC 6238 section 5.2). */
const WINDOW_STEPS = 1;
/** As RFC 4226 section 4 recommends. */
const SECRET_BYTES = 20;

/** The secret of an authenticator app, as the app and its user need it. */
export interface NewTotp {
  /** In base32. */
  readonly secret: string;
  readonly uri: string;
}

export type TotpCodes = ReturnType<typeof createTotpCodes>;

/** Codes of authenticator apps (RFC 6238). */
export function createTotpCodes(issuer: string, clock: Pick<Clock, 'now'>) {
  /** A new secret, for an account of this name. */
  async function create(label: string): Promise<NewTotp> {
    const { Secret } = await import('otpauth');
    const secret = new Secret({ size: SECRET_BYTES }).base32;
    return { secret, uri: (await totpOf(secret, label)).toString() };
  }

  /**
   * The time step of a code, one step either way included; undefined where there is none. Spaces in the code do not count.
   * Whether the step was used before is not looked at.
   */
  async function stepOf(secret: string, typed: string): Promise<number | undefined> {
    const code = typed.replaceAll(/\s/g, '');
    // The comparison throws where the texts have different numbers of bytes.
    if (!CODE.test(code)) return undefined;
    const timestamp = clock.now();
    const totp = await totpOf(secret);
    const delta = totp.validate({ token: code, timestamp, window: WINDOW_STEPS });
    return delta === null ? undefined : totp.counter({ timestamp }) + delta;
  }

  async function totpOf(secret: string, label = ''): Promise<TOTP> {
    const { Secret, TOTP } = await import('otpauth');
    return new TOTP({ ...PARAMETERS, issuer, label, secret: Secret.fromBase32(secret) });
  }

  return { create, stepOf };
}
