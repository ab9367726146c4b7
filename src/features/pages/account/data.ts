import { FORGET_PAGES, lead } from '../page.ts';
import { accountPage } from './account-page.ts';

export const data = accountPage({
  id: 'accountDataPage',
  path: '/account/data',
  name: 'data',
  forms: {
    remove: {
      runs: 'deleteMe',
      input: ({ fields: { password } }) => ({ body: password === undefined ? {} : { password } }),
      errorFields: { wrong_password: 'password' },
      next: () => lead('/sign-in?notice=account_deleted', FORGET_PAGES),
    },
  },
});
