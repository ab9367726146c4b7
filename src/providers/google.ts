import { clientIds, issuerUrl, scopes, text } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { provider } from './definition.ts';

/** https://developers.google.com/identity/openid-connect/openid-connect */
export const google = provider({
  variables: {
    GOOGLE_CLIENT_ID: variable({
      type: text('a client id'),
      meaning: 'Sign-in with Google: the client id, with GOOGLE_CLIENT_SECRET',
    }),
    GOOGLE_CLIENT_SECRET: variable({
      type: text('a client secret'),
      meaning: 'Secret of that client',
      secret: true,
    }),
    GOOGLE_SCOPES: variable({
      type: scopes,
      default: '',
      meaning:
        'Further scopes to ask for, separated by spaces, such as https://www.googleapis.com/auth/calendar.readonly',
    }),
    GOOGLE_NATIVE_CLIENT_IDS: variable({
      type: clientIds,
      default: '',
      meaning: 'Comma-separated client ids of your Android and iOS apps, whose ID tokens are taken as well',
    }),
    GOOGLE_ISSUER: variable({
      type: issuerUrl,
      default: 'https://accounts.google.com',
      meaning: 'Issuer of the ID tokens of Google',
    }),
  },
  group: ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  settings: ({ GOOGLE_CLIENT_ID, GOOGLE_ISSUER, ...values }) =>
    GOOGLE_CLIENT_ID === undefined
      ? []
      : [
          {
            kind: 'openid',
            id: 'google',
            name: 'Google',
            issuer: GOOGLE_ISSUER,
            // Tokens of its older libraries leave the scheme out.
            issuerAlias: GOOGLE_ISSUER.replace(/^https?:\/\//, ''),
            clientId: GOOGLE_CLIENT_ID,
            clientSecret: values.GOOGLE_CLIENT_SECRET,
            nativeClientIds: values.GOOGLE_NATIVE_CLIENT_IDS,
            scopes: ['openid', 'email', 'profile', ...values.GOOGLE_SCOPES],
            offline: { parameters: { access_type: 'offline', prompt: 'consent' } },
          },
        ],
});
