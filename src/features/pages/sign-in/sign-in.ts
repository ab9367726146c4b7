import { lead, type PageDefinition, show } from '../page.ts';

export const signIn: PageDefinition = {
  id: 'signInPage',
  path: '/sign-in',
  words: 'pages.sign_in',
  template: 'sign-in',
  feeds: { providers: 'listProviders' },
  show: () => show({}),
  forms: {
    password: {
      runs: 'login',
      input: ({ fields: { identifier, password } }) => ({
        body: { identifier, password, transport: 'cookie' },
      }),
      next: (_body, { services, flow }) => lead(services.flows.destinationOf(flow)),
    },
  },
};
