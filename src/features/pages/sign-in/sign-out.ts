import { FORGET_PAGES, lead, type Next, type PageDefinition, type Visit } from '../page.ts';

const signedOut = ({ flow }: Visit): Next =>
  lead(flow.returnTo ?? '/sign-in?notice=signed_out', FORGET_PAGES);

/** Signing out takes a form, since any site can link to a page. */
export const signOut: PageDefinition = {
  id: 'signOutPage',
  path: '/sign-out',
  words: 'pages.sign_out',
  template: 'sign-out',
  forUsers: true,
  signedOut,
  forEnrolment: true,
  feeds: { me: 'getMe' },
  forms: {
    sign_out: {
      runs: 'logout',
      next: (_body, visit) => signedOut(visit),
    },
  },
};
