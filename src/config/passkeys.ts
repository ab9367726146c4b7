import { rpId, webauthnOrigins } from './values.ts';
import { variable } from './variable.ts';

/** Passkeys. */
export const PASSKEYS_VARIABLES = {
  WEBAUTHN_RP_ID: variable({
    type: rpId,
    shown: 'localhost',
    meaning:
      'Domain to which passkeys belong, for good: the host of PUBLIC_URL, or a domain above it such as example.com',
  }),
  WEBAUTHN_ORIGINS: variable({
    type: webauthnOrigins,
    shown: 'http://localhost:3000',
    meaning:
      'Comma-separated origins of the pages and apps that passkeys sign in on, such as https://app.example.com or android:apk-key-hash:…; outside production pages at localhost as well',
  }),
};
