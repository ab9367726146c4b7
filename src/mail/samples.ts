import type { TemplateName, Templates } from '../core/messages/message.ts';

/** What stands in each message, for trying templates out. */
export const SAMPLES: Templates = {
  'verify-email': {
    code: '123456',
    link: 'https://auth.example.com/email/verify/a-token',
    minutes: 1440,
  },
  'change-email': {
    code: '123456',
    link: 'https://auth.example.com/email/verify/a-token',
    minutes: 1440,
  },
  'email-changed': {
    email: 'grace@example.org',
    link: 'https://auth.example.com/email/undo/a-token',
    days: 7,
  },
  'email-replaced': { email: 'grace@example.org' },
  'email-in-use': {},
  'reset-password': {
    code: '123456',
    link: 'https://auth.example.com/password/reset/a-token',
    minutes: 10,
  },
  'password-reset': {
    apiKeys: ['Nightly backup', 'Deploys'],
    phoneEnding: '5678',
    providers: ['Google'],
    passkeys: ['My phone'],
  },
  'sign-in-code': { code: '123456', minutes: 10 },
  'sign-in-link': { link: 'https://auth.example.com/login/link/a-token', minutes: 10 },
  'new-device': {
    time: '2026-11-29T08:50:00.000Z',
    network: '203.0.113.7',
    browser: 'Firefox',
    system: 'Linux',
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'locked-down': {},
  'access-ended': {},
  'provider-linked': {
    provider: 'Google',
    account: 'grace@example.com',
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'factor-added': {
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'factor-removed': {
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'recovery-codes-renewed': { link: 'https://auth.example.com/lockdown/a-token', days: 7 },
  'recovery-code-used': { left: 2, link: 'https://auth.example.com/lockdown/a-token', days: 7 },
  'factors-reset': { link: 'https://auth.example.com/lockdown/a-token', days: 7 },
  'passkey-added': {
    name: 'My phone',
    time: '2026-11-29T08:50:00.000Z',
    network: '203.0.113.7',
    browser: 'Firefox',
    system: 'Linux',
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'passkey-removed': {
    name: 'My phone',
    time: '2026-11-29T08:50:00.000Z',
    network: '203.0.113.7',
    browser: 'Firefox',
    system: 'Linux',
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'passkey-refused': {
    name: 'My security key',
    time: '2026-11-29T08:50:00.000Z',
    network: '203.0.113.7',
    browser: 'Firefox',
    system: 'Linux',
    link: 'https://auth.example.com/lockdown/a-token',
    days: 7,
  },
  'phone-code': { code: '123456', minutes: 10 },
};

export const TEMPLATE_NAMES = Object.keys(SAMPLES) as TemplateName[];
