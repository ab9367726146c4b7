import { FORGET_PAGES, lead } from '../page.ts';
import { accountPage } from './account-page.ts';

/** For those who think that someone else is in their account. */
export const secure = accountPage({
  id: 'accountSecurePage',
  path: '/account/secure',
  name: 'secure',
  forms: { lock: { runs: 'lockDownMe', next: () => lead('/sign-in?notice=locked_down', FORGET_PAGES) } },
});
