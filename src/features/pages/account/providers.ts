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
    // Anyone can link here with other text, so only the name of a provider is shown.
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
 * A browser does not follow the redirect of a form to an origin that `form-action` does not name, and that of a provider is
 * known only now. So the script goes there, or else a page links there.
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
