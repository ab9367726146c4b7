import { lead, type PageDefinition, show } from '../page.ts';

/** Signing out takes a form, since a link of another site could open a page. */
export const signOut: PageDefinition = {
  id: 'signOutPage',
  path: '/sign-out',
  words: 'pages.sign_out',
  template: 'sign-out',
  forUsers: true,
  forEnrolment: true,
  feeds: { me: 'getMe' },
  show: () => show({}),
  forms: {
    sign_out: {
      runs: 'logout',
      next: (_body, { services, flow }) =>
        lead(flow.returnTo ?? services.flows.to('/sign-in', flow, { notice: 'signed_out' })),
    },
  },
};
