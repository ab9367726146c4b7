import type { Page } from '../../http/page.ts';
import { linkErrors, type PageErrorWords } from '../../http/page-errors.ts';

export const ASK_PAGE: Page = {
  title: 'Was that not you?',
  paragraphs: [
    'Lock your account if someone else may be in it. All devices are signed out, API keys stop working, and no one signs in with the password or the phone number any more.',
    'You then choose a new password by mail.',
  ],
  form: { button: 'Lock my account' },
  notes: ['If it was you, close this page. Everything stays as it is.'],
};

export const DONE_PAGE: Page = {
  title: 'Your account is locked',
  paragraphs: [
    'Everyone is signed out, and the old password and phone number no longer work.',
    'To use the account again, go to the sign-in page, choose “Forgot password”, and set a new one.',
  ],
};

export const LOCKDOWN_ERRORS: PageErrorWords = linkErrors({
  used: {
    title: 'This link has been used',
    paragraphs: [
      'Your account was locked with it already.',
      'To use it again, go to the sign-in page, choose “Forgot password”, and set a new one.',
    ],
  },
  next: 'If you think that someone is in your account, go to the sign-in page, choose “Forgot password”, and set a new one. That signs everyone out.',
});
