import { browserNamesIn } from '../../../core/values/browser-name.ts';
import { type Body, show } from '../page.ts';
import { accountPage } from './account-page.ts';

const PATH = '/account/activity';
const PER_PAGE = '20';

export const activity = accountPage({
  id: 'accountActivityPage',
  path: PATH,
  name: 'activity',
  feeds: {
    listed: ({ query: { cursor } }) => ({
      id: 'listActivity',
      query: { limit: PER_PAGE, ...(cursor !== undefined && { cursor }) },
    }),
  },
  show({ fed: { me, listed }, query, services: { flows } }) {
    const { events, next_cursor: cursor } = listed;
    return show({
      data: {
        events: events.map((event: Body) => ({
          ...event,
          ...browserNamesIn(event.user_agent),
          isFailure: event.outcome === 'failure',
          byOther:
            event.actor.type !== 'anonymous' &&
            event.actor.type !== 'api_key' &&
            event.actor.id !== me.user.id,
          byKey: event.actor.type === 'api_key',
        })),
        isFirst: query.cursor === undefined,
        latest: flows.locationOf(PATH),
        earlier: cursor === null ? null : flows.locationOf(`${PATH}?${new URLSearchParams({ cursor })}`),
      },
    });
  },
});
