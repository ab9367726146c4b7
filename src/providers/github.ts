import { scopes, text, webUrl } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { provider, textOf } from './definition.ts';
import type { RefusedRequest } from './fetch.ts';

/** The largest page. The list begins with the primary address, so later pages do not matter. */
const EMAILS = '/user/emails?per_page=100';
/** A 403 without these words comes from a rate limit, and passes. */
const NOT_PERMITTED = 'Resource not accessible by integration';

/**
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * The address of the profile says nothing of who reads mail there, so the list of addresses is asked for the one that is
 * primary and verified.
 */
export const github = provider({
  variables: {
    GITHUB_CLIENT_ID: variable({
      type: text('a client id'),
      meaning: 'Sign-in with GitHub: the client id, with GITHUB_CLIENT_SECRET',
    }),
    GITHUB_CLIENT_SECRET: variable({
      type: text('a client secret'),
      meaning: 'Secret of that OAuth app or GitHub App',
      secret: true,
    }),
    GITHUB_SCOPES: variable({
      type: scopes,
      default: '',
      meaning: 'Further scopes to ask for, separated by spaces, such as repo',
    }),
    GITHUB_URL: variable({
      type: webUrl,
      default: 'https://github.com',
      meaning: 'Where people sign in; with GitHub Enterprise Server its own address, https://HOST',
    }),
    GITHUB_API_URL: variable({
      type: webUrl,
      default: 'https://api.github.com',
      meaning: 'The API of GitHub; with GitHub Enterprise Server https://HOST/api/v3',
    }),
  },
  group: ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'],
  settings: ({ GITHUB_CLIENT_ID, GITHUB_URL, GITHUB_API_URL, ...values }) =>
    GITHUB_CLIENT_ID === undefined
      ? []
      : [
          {
            kind: 'oauth',
            id: 'github',
            name: 'GitHub',
            issuer: GITHUB_URL,
            authorizationEndpoint: `${GITHUB_URL}/login/oauth/authorize`,
            tokenEndpoint: `${GITHUB_URL}/login/oauth/access_token`,
            apiUrl: GITHUB_API_URL,
            clientId: GITHUB_CLIENT_ID,
            clientSecret: values.GITHUB_CLIENT_SECRET ?? '',
            scopes: ['read:user', 'user:email', ...values.GITHUB_SCOPES],
            async readProfile(get) {
              const user = Object(await get(`${GITHUB_API_URL}/user`));
              if (!Number.isSafeInteger(user.id)) throw new Error('GET /user has no id');
              const email = primaryOf(await get(GITHUB_API_URL + EMAILS).catch(noneIfForbidden));
              return {
                // Not the login, which can be changed and then taken by another person.
                subject: String(user.id),
                email,
                isEmailVerified: email !== null,
                name: textOf(user.name) ?? textOf(user.login),
                authenticatedAt: null,
              };
            },
          },
        ],
});

/** An OAuth app without the scope gets the former, a GitHub App without the permission the latter. */
function noneIfForbidden(error: unknown): [] {
  const { status, reason } = Object(error) as Partial<RefusedRequest>;
  if (status === 404 || (status === 403 && reason === NOT_PERMITTED)) return [];
  throw error;
}

function primaryOf(emails: unknown): string | null {
  if (!Array.isArray(emails)) throw new Error('GET /user/emails is no list');
  const primary = emails.map(Object).find((email) => email.primary === true && email.verified === true);
  return textOf(primary?.email);
}
