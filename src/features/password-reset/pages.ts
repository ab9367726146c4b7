import type { FieldErrorCode } from '../../core/errors.ts';
import { MAX_PASSWORD_LENGTH } from '../../core/passwords/policy.ts';
import type { Page } from '../../http/page.ts';
import type { PageErrorWords } from '../../http/page-errors.ts';

interface ResetPageOptions {
  /** Of the account, where the message went to one. */
  readonly address: string | null;
  readonly minLength: number;
  /** Why the password before was refused. */
  readonly refused?: FieldErrorCode | undefined;
}

export function resetPage({ address, minLength, refused }: ResetPageOptions): Page {
  return {
    title: 'Choose a new password',
    paragraphs: address === null ? [] : [`It is for the account of ${address}.`],
    form: {
      button: 'Change my password',
      password: {
        name: 'new_password',
        label: 'New password',
        hint: `At least ${minLength} characters. A few random words make a good one.`,
        minLength,
        problem: refused && problemOf(refused, minLength),
        username: address ?? undefined,
      },
    },
    notes: ['All devices are signed out when you change it.'],
  };
}

/** The words of the policy, said to the one who has typed the password. */
function problemOf(code: FieldErrorCode, minLength: number): string {
  switch (code) {
    case 'password_too_short':
      return `That was too short. Use at least ${minLength} characters.`;
    case 'password_too_long':
      return `That was too long. Use at most ${MAX_PASSWORD_LENGTH} characters.`;
    case 'password_common':
      return 'That one is easy to guess: attackers try it first. Choose another.';
    case 'password_personal':
      return 'Do not use your name or email address, or the name of this service. Choose another.';
    case 'password_unchanged':
      return 'That is your old password. Choose another.';
    default:
      return 'That cannot be a password. Choose another.';
  }
}

export const DONE_PAGE: Page = {
  title: 'Your password has been changed',
  paragraphs: ['Go back to where you came from, and sign in with it. You can close this page.'],
};

export const RESET_ERRORS: PageErrorWords = {
  invalid_reset_token: {
    title: 'This link no longer works',
    paragraphs: [
      'It has been used, is too old, or a newer one has been sent. Part of it may also be missing.',
      'Go to the sign-in page and choose “Forgot password” to get a new one.',
    ],
  },
};
