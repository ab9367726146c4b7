import type { Challenge } from '../../core/codes/challenge.ts';
import type { Page } from '../../http/page.ts';
import { linkErrors, type PageErrorWords } from '../../http/page-errors.ts';

type Proof = Pick<Challenge, 'address' | 'purpose'>;

/** It asks, since confirming an address that a stranger signed up with gives that stranger an account in one's name. */
export function verifyPage({ address, purpose }: Proof): Page {
  return purpose === 'email_change'
    ? {
        title: 'Use this address?',
        paragraphs: [`Your account will use ${address} from now on, for signing in and for messages.`],
        form: { button: 'Use this address' },
        notes: ['If you did not ask for this change, close this page. Nothing will happen.'],
      }
    : {
        title: 'Confirm your email address',
        paragraphs: [`Did you sign up with ${address}? Then confirm that it is yours.`],
        form: { button: 'Confirm my address' },
        notes: ['If you did not sign up, close this page. Do not confirm an account that someone else made.'],
      };
}

export function verifiedPage({ address, purpose }: Proof): Page {
  return purpose === 'email_change'
    ? {
        title: 'Your address has been changed',
        paragraphs: [`Your account now uses ${address}. You can close this page.`],
      }
    : {
        title: 'Your address is confirmed',
        paragraphs: ['Thank you. You can close this page and go back to where you signed up.'],
      };
}

export const VERIFY_ERRORS: PageErrorWords = {
  ...linkErrors({
    used: {
      title: 'This link has been used',
      paragraphs: ['Your address is most likely confirmed already. Try to sign in.'],
    },
    next: 'Go back to where you signed up or changed your address, and ask for a new message.',
  }),
  invalid_code: {
    title: 'This link is out of date',
    paragraphs: [
      'The account has changed since this message was sent. Sign in to see which address it has now.',
    ],
  },
  email_taken: {
    title: 'This address already has an account',
    paragraphs: [
      'Sign in with it. If you have forgotten the password, choose “Forgot password” on the sign-in page.',
    ],
  },
};

export function undoPage(address: string): Page {
  return {
    title: 'Change your address back?',
    paragraphs: [
      `Your account will use ${address} again.`,
      'To keep others out, all devices are signed out, API keys stop working, your phone number is removed, and you need a new password.',
    ],
    form: { button: 'Change it back' },
    notes: ['If you made the change yourself, close this page. Everything stays as it is.'],
  };
}

export function undonePage(address: string): Page {
  return {
    title: 'Your address is back',
    paragraphs: [
      `Your account uses ${address} again, and everyone is signed out.`,
      'Choose a new password now: go to the sign-in page and choose “Forgot password”.',
    ],
  };
}

export const UNDO_ERRORS: PageErrorWords = {
  ...linkErrors({
    used: {
      title: 'This link has been used',
      paragraphs: [
        'Your address has been changed back already.',
        'If you have no new password yet, go to the sign-in page and choose “Forgot password”.',
      ],
    },
    next: 'If someone else changed your address, tell the people who run this service. They can help.',
  }),
  email_taken: {
    title: 'This address has another account now',
    paragraphs: [
      'It cannot be given back by this link. Tell the people who run this service. They can help.',
    ],
  },
};
