import { accountPage, again } from './account-page.ts';

const PATH = '/account/password';

export const password = accountPage({
  id: 'accountPasswordPage',
  path: PATH,
  name: 'password',
  forms: {
    change: {
      runs: 'changePassword',
      input: ({ fields: { current_password, new_password } }) => ({
        body: { current_password, new_password },
      }),
      errorFields: { wrong_password: 'current_password' },
      next: again(PATH, 'changed'),
    },
    // A password is set as a forgotten one is: by a message, since a session alone must not make a way in.
    link: {
      runs: 'forgotPassword',
      input: ({ fields: { address } }) => ({ body: { email: address } }),
      next: again(PATH, 'link_sent'),
    },
  },
});
