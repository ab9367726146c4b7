import type { TemplateName, Templates } from '../core/messages/message.ts';

const LOCKDOWN_LINK = { link: 'https://auth.example.com/lockdown/a-token', days: 7 };
const CIRCUMSTANCES = {
  time: '2026-11-29T08:50:00.000Z',
  network: '203.0.113.7',
  browser: 'Firefox',
  system: 'Linux',
};

/** Values for each message, to try templates out. */
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
  'new-device': { ...CIRCUMSTANCES, ...LOCKDOWN_LINK },
  'locked-down': {},
  'access-ended': {},
  'provider-linked': { provider: 'Google', account: 'grace@example.com', ...LOCKDOWN_LINK },
  'factor-added': LOCKDOWN_LINK,
  'factor-removed': LOCKDOWN_LINK,
  'recovery-codes-renewed': LOCKDOWN_LINK,
  'recovery-code-used': { left: 2, ...LOCKDOWN_LINK },
  'factors-reset': LOCKDOWN_LINK,
  'passkey-added': { name: 'My phone', ...CIRCUMSTANCES, ...LOCKDOWN_LINK },
  'passkey-removed': { name: 'My phone', ...CIRCUMSTANCES, ...LOCKDOWN_LINK },
  'passkey-refused': { name: 'My security key', ...CIRCUMSTANCES, ...LOCKDOWN_LINK },
  'phone-code': { code: '123456', minutes: 10 },
};

export const TEMPLATE_NAMES = Object.keys(SAMPLES) as TemplateName[];
