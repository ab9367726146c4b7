import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.ts';
import { configProblems } from '../support/config-problems.ts';

describe('The variables of second factors', () => {
  it.each([
    ['off', 'off'],
    ['all', 'all'],
    ['admins', ['admin']],
    ['admins, support.lead,clerk', ['admin', 'support.lead', 'clerk']],
  ])('say by MFA_REQUIRED=%s of whom one is required', (value, required) => {
    expect(loadConfig({ MFA_REQUIRED: value }).factors.required).toEqual(required);
  });

  it('name the methods in any order, and once each', () => {
    expect(loadConfig({ MFA_METHODS: 'email_code, totp' }).factors.methods).toEqual(['email_code', 'totp']);
  });

  it.each([
    ['MFA_REQUIRED', 'Admins'],
    ['MFA_REQUIRED', 'admins,'],
    ['MFA_METHODS', ','],
    ['MFA_METHODS', 'totp,sms'],
    // They stand in for any of the others, and cannot be the only ones.
    ['MFA_METHODS', 'recovery_code'],
    ['MFA_REMEMBER_DAYS', '-1'],
    ['MFA_REMEMBER_DAYS', '366'],
    ['MFA_REMEMBER_DAYS', '1.5'],
  ])('refuse %s=%s', (name, value) => {
    expect(configProblems({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });
});
