import { type Body, lead, type Next, show, type Visit } from '../page.ts';
import { problemOf } from '../problem-of.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/providers';

export const providers = accountPage({
  id: 'accountProvidersPage',
  path: PATH,
  name: 'providers',
  feeds: { connected: 'listIdentities', listed: 'listProviders' },
  show({ fed: { connected, listed }, query }) {
    const find = (id: string | undefined) => listed.providers.find((one: Body) => one.id === id);
    // Anyone may write a link with another text.
    const linked = find(query.linked);
    return show({
      values: { provider: linked?.name ?? '' },
      problem: problemOf(query.error),
      data: {
        identities: connected.identities.map((one: Body) => ({
          ...one,
          name: find(one.provider)?.name ?? one.provider,
        })),
        ...(linked && { notice: 'linked' }),
      },
    });
  },
  forms: {
    connect: {
      runs: 'linkIdentity',
      input: ({ fields: { id }, services: { flows } }) => ({
        params: { id },
        body: { return_to: flows.absolute(PATH) },
      }),
      next: leadToProvider,
    },
    remove: {
      runs: 'removeIdentity',
      input: ({ fields: { id } }) => ({ params: { id } }),
      next: again(PATH, 'removed'),
    },
  },
});

/**
 * Browsers follow no redirect of a form to a place that Content-Security-Policy does not name, and where a provider has its
 * pages is known only now. So a script leads there, or else a link of a page.
 */
function leadToProvider({ authorization_url: url }: Body, { fields }: Visit): Next {
  if (fields.by === 'script') return lead(url);
  return show({
    words: 'pages.account.to_provider',
    template: 'account/to-provider',
    values: { host: new URL(url).host },
    data: { href: url, inAccount: true },
  });
}
