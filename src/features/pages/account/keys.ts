import type { Texts } from '../flow.ts';
import { show } from '../page.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/keys';

const DAY_MS = 86_400_000;
/** The lifetimes to choose from, where an empty one never expires. The API takes any. */
const LIFETIMES_DAYS = ['30', '90', '365', ''] as const;
const [, DEFAULT_DAYS] = LIFETIMES_DAYS;
/** The names of the boxes for permissions begin with it. */
const ALLOWS = 'allows:';

export const keys = accountPage({
  id: 'accountKeysPage',
  path: PATH,
  name: 'keys',
  feeds: { listed: 'listApiKeys' },
  show({ fed: { me } }) {
    const scope: string = me.user.scope;
    return show({
      data: {
        permissions: scope === '' ? [] : scope.split(' '),
        lifetimes: LIFETIMES_DAYS,
        defaultDays: DEFAULT_DAYS,
        allows: ALLOWS,
      },
    });
  },
  forms: {
    create: {
      runs: 'createApiKey',
      input: ({ fields, services }) => ({
        body: {
          name: fields.key_name,
          scope: scopeOf(fields),
          expires_at: expiryOf(fields.days ?? DEFAULT_DAYS, services.now()),
        },
      }),
      fieldNames: { name: 'key_name', expires_at: 'days' },
      next: (apiKey) =>
        show({
          words: 'pages.account.new_key',
          template: 'account/new-key',
          data: { apiKey, inAccount: true },
        }),
    },
    remove: {
      runs: 'deleteApiKey',
      input: ({ fields: { id } }) => ({ params: { id } }),
      next: again(PATH, 'removed'),
    },
  },
});

/** Null for everything its owner may do. With no box ticked a key may do only what takes no permission. */
function scopeOf(fields: Texts): string | null {
  if (fields.all !== undefined) return null;
  const ticked = Object.keys(fields).filter((name) => name.startsWith(ALLOWS));
  return ticked.map((name) => name.slice(ALLOWS.length)).join(' ');
}

function expiryOf(days: string, now: Date): string | null {
  if (days === '') return null;
  const isOffered = LIFETIMES_DAYS.some((offered) => offered === days);
  return isOffered ? new Date(now.getTime() + Number(days) * DAY_MS).toISOString() : days;
}
