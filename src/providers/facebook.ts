import { createHmac } from 'node:crypto';
import { scopes, text, webUrl } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { provider, textOf } from './definition.ts';

const VERSION = 'v25.0';

/**
 * https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
 * Nothing in its answers says that a person reads mail at the address, so no address of it counts as verified.
 */
export const facebook = provider({
  variables: {
    FACEBOOK_CLIENT_ID: variable({
      type: text('an app id'),
      meaning: 'Sign-in with Facebook: the app id, with FACEBOOK_CLIENT_SECRET',
    }),
    FACEBOOK_CLIENT_SECRET: variable({
      type: text('an app secret'),
      meaning: 'Secret of that app',
      secret: true,
    }),
    FACEBOOK_SCOPES: variable({
      type: scopes,
      default: '',
      meaning: 'Further scopes to ask for, separated by spaces, such as user_birthday',
    }),
    FACEBOOK_URL: variable({
      type: webUrl,
      default: 'https://www.facebook.com',
      meaning: 'Where people sign in to Facebook',
    }),
    FACEBOOK_GRAPH_URL: variable({
      type: webUrl,
      default: 'https://graph.facebook.com',
      meaning: 'The Graph API of Facebook',
    }),
  },
  group: ['FACEBOOK_CLIENT_ID', 'FACEBOOK_CLIENT_SECRET'],
  settings: ({
    FACEBOOK_CLIENT_ID,
    FACEBOOK_CLIENT_SECRET = '',
    FACEBOOK_URL,
    FACEBOOK_GRAPH_URL,
    ...values
  }) =>
    FACEBOOK_CLIENT_ID === undefined
      ? []
      : [
          {
            kind: 'oauth',
            id: 'facebook',
            name: 'Facebook',
            issuer: FACEBOOK_URL,
            authorizationEndpoint: `${FACEBOOK_URL}/${VERSION}/dialog/oauth`,
            tokenEndpoint: `${FACEBOOK_GRAPH_URL}/${VERSION}/oauth/access_token`,
            apiUrl: FACEBOOK_GRAPH_URL,
            clientId: FACEBOOK_CLIENT_ID,
            clientSecret: FACEBOOK_CLIENT_SECRET,
            scopes: ['public_profile', 'email', ...values.FACEBOOK_SCOPES],
            async readProfile(get, accessToken) {
              const proof = createHmac('sha256', FACEBOOK_CLIENT_SECRET).update(accessToken).digest('hex');
              const query = new URLSearchParams({ fields: 'id,name,email', appsecret_proof: proof });
              const user = Object(await get(`${FACEBOOK_GRAPH_URL}/${VERSION}/me?${query}`));
              const subject = textOf(user.id);
              if (subject === null) throw new Error('GET /me has no id');
              const email = textOf(user.email);
              return {
                subject,
                email,
                isEmailVerified: false,
                name: textOf(user.name),
                authenticatedAt: null,
              };
            },
          },
        ],
});
