import { clientIds, ecPrivateKey, issuerUrl, text } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import type { AuthorizationResponse } from '../core/identities/provider.ts';
import { provider, textOf } from './definition.ts';

/** Apple accepts client secrets of up to six months; each of these is for one request. */
const SECRET_SECONDS = 300;

/** https://developer.apple.com/documentation/signinwithapplerestapi */
export const apple = provider({
  variables: {
    APPLE_CLIENT_ID: variable({
      type: text('a Services ID'),
      meaning: 'Sign-in with Apple: the Services ID, with APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY',
    }),
    APPLE_TEAM_ID: variable({
      type: text('a Team ID'),
      meaning: 'Team ID of your membership in the Apple Developer Program',
    }),
    APPLE_KEY_ID: variable({ type: text('a Key ID'), meaning: 'Key ID of the key for Sign in with Apple' }),
    APPLE_PRIVATE_KEY: variable({
      type: ecPrivateKey,
      meaning: 'That key, the content of its .p8 file; client secrets are signed with it',
      secret: true,
    }),
    APPLE_NATIVE_CLIENT_IDS: variable({
      type: clientIds,
      default: '',
      meaning: 'Comma-separated bundle ids of your apps, whose ID tokens are taken as well',
    }),
    APPLE_ISSUER: variable({
      type: issuerUrl,
      default: 'https://appleid.apple.com',
      meaning: 'Issuer of the ID tokens of Apple',
    }),
  },
  group: ['APPLE_CLIENT_ID', 'APPLE_TEAM_ID', 'APPLE_KEY_ID', 'APPLE_PRIVATE_KEY'],
  settings: (values) => {
    const { APPLE_CLIENT_ID: clientId, APPLE_ISSUER: issuer } = values;
    const { APPLE_TEAM_ID = '', APPLE_KEY_ID = '', APPLE_PRIVATE_KEY = '' } = values;
    if (clientId === undefined) return [];
    return [
      {
        kind: 'openid',
        id: 'apple',
        name: 'Apple',
        issuer,
        // For some days of June 2025 its discovery document had this one, and its tokens either.
        issuerAlias: 'https://account.apple.com',
        clientId,
        clientSecret: async (at) => {
          const { importPKCS8, SignJWT } = await import('jose');
          const seconds = Math.floor(at.getTime() / 1000);
          return new SignJWT({})
            .setProtectedHeader({ alg: 'ES256', kid: APPLE_KEY_ID })
            .setIssuer(APPLE_TEAM_ID)
            .setSubject(clientId)
            .setAudience(issuer)
            .setIssuedAt(seconds)
            .setExpirationTime(seconds + SECRET_SECONDS)
            .sign(await importPKCS8(APPLE_PRIVATE_KEY, 'ES256'));
        },
        nativeClientIds: values.APPLE_NATIVE_CLIENT_IDS,
        scopes: ['openid', 'email', 'name'],
        // Apple insists on a form where it is asked for the name or the address.
        parameters: { response_mode: 'form_post' },
        nameIn,
      },
    ];
  },
});

/** Apple sends it beside the code, at the first sign-in alone, and unsigned: good enough for a name, and nothing else. */
function nameIn({ user = '' }: AuthorizationResponse): string | undefined {
  try {
    const { firstName, lastName } = Object(Object(JSON.parse(user)).name);
    return [textOf(firstName), textOf(lastName)].filter((part) => part !== null).join(' ');
  } catch {
    return undefined;
  }
}
