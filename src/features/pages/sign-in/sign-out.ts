import { FORGET_PAGES, lead, type PageDefinition } from '../page.ts';

/** Signing out takes a form, since any site can link to a page. */
export const signOut: PageDefinition = {
  id: 'signOutPage',
  path: '/sign-out',
  words: 'pages.sign_out',
  template: 'sign-out',
  forUsers: true,
  forEnrolment: true,
  feeds: { me: 'getMe' },
  forms: {
    sign_out: {
      runs: 'logout',
      next: (_body, { flow }) => lead(flow.returnTo ?? '/sign-in?notice=signed_out', FORGET_PAGES),
    },
  },
};
