import { show } from '../page.ts';
import { accountPage } from './account-page.ts';

/** What the account is at a glance, and the way to all the rest. */
export const overview = accountPage({
  id: 'accountPage',
  path: '/account',
  name: 'overview',
  feeds: { factors: 'listFactors', sessions: 'listSessions', listed: 'listProviders' },
  show: ({ fed: { listed } }) =>
    show({ data: { inAccount: false, hasProviders: listed.providers.length > 0 } }),
});
