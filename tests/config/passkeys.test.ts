import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { configProblems } from '../support/config-problems.ts';

describe('WEBAUTHN_RP_ID and WEBAUTHN_ORIGINS', () => {
  it('follow PUBLIC_URL', () => {
    const { passkeys } = loadConfig({ PUBLIC_URL: 'https://auth.example.com:8443/latchkey' });

    expect(passkeys).toMatchObject({
      rpId: 'auth.example.com',
      origins: ['https://auth.example.com:8443'],
    });
  });

  it('may name a domain above, pages of other domains, and apps', () => {
    const origins = [
      'https://app.example.com',
      'https://example.org',
      'http://app.localhost:5173',
      `android:apk-key-hash:${'A'.repeat(43)}`,
      'ios:bundle-id:com.example.app',
    ];
    const env = { WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: origins.join(', ') };

    expect(loadConfig(env).passkeys).toMatchObject({ rpId: 'example.com', origins });
  });

  it.each([
    ['WEBAUTHN_RP_ID', 'https://example.com'],
    ['WEBAUTHN_RP_ID', 'example.com:443'],
    ['WEBAUTHN_RP_ID', 'Example.com'],
    ['WEBAUTHN_RP_ID', '192.0.2.1'],
    ['WEBAUTHN_ORIGINS', 'http://app.example.com'],
    ['WEBAUTHN_ORIGINS', 'https://app.example.com/'],
    ['WEBAUTHN_ORIGINS', 'https://*.example.com'],
    ['WEBAUTHN_ORIGINS', 'android:apk-key-hash:AA:BB'],
    ['WEBAUTHN_ORIGINS', 'http://localhost.example.com'],
  ])('refuses %s=%s', (name, value) => {
    expect(configProblems({ [name]: value })).toEqual([expect.stringContaining(`${name} is `)]);
  });
});
