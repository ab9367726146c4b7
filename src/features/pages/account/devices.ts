import { browserNamesIn } from '../../../core/values/browser-name.ts';
import { type Body, show } from '../page.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/devices';

export const devices = accountPage({
  id: 'accountDevicesPage',
  path: PATH,
  name: 'devices',
  feeds: { listed: 'listSessions' },
  show: ({ fed: { listed } }) =>
    show({
      data: {
        devices: listed.sessions
          .map((session: Body) => ({ ...session, ...browserNamesIn(session.user_agent) }))
          .sort((one: Body, other: Body) => Number(other.current) - Number(one.current)),
      },
    }),
  forms: {
    end: {
      runs: 'endSession',
      input: ({ fields: { id } }) => ({ params: { id } }),
      next: again(PATH, 'ended'),
    },
    end_others: {
      runs: 'logout',
      input: () => ({ query: { scope: 'others' } }),
      next: again(PATH, 'others_ended'),
    },
  },
});
