import { clientIds, microsoftTenant, scopes, text, webUrl } from '../config/values.ts';
import { variable } from '../config/variable.ts';
import { type Claims, isTrue, provider } from './definition.ts';

/** The tenant of personal accounts. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad';
/** Each token of these names the tenant of its person. */
const MANY_TENANTS: readonly string[] = ['common', 'organizations'];

/** https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc */
export const microsoft = provider({
  variables: {
    MICROSOFT_CLIENT_ID: variable({
      type: text('an application id'),
      meaning: 'Sign-in with Microsoft: the application (client) id, with MICROSOFT_CLIENT_SECRET',
    }),
    MICROSOFT_CLIENT_SECRET: variable({
      type: text('a client secret'),
      meaning: 'The value of a secret of that application, not the id of the secret',
      secret: true,
    }),
    MICROSOFT_SCOPES: variable({
      type: scopes,
      default: '',
      meaning: 'Further scopes to ask for, separated by spaces, such as Calendars.Read',
    }),
    MICROSOFT_TENANT: variable({
      type: microsoftTenant,
      default: 'common',
      meaning:
        'Who may sign in: the id of one tenant, organizations (of any tenant), consumers (personal accounts) or common (all)',
    }),
    MICROSOFT_NATIVE_CLIENT_IDS: variable({
      type: clientIds,
      default: '',
      meaning: 'Comma-separated application ids of your apps, whose ID tokens are taken as well',
    }),
    MICROSOFT_URL: variable({
      type: webUrl,
      default: 'https://login.microsoftonline.com',
      meaning: 'Where people sign in; elsewhere in national clouds, such as https://login.microsoftonline.us',
    }),
  },
  group: ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
  settings: ({ MICROSOFT_CLIENT_ID: clientId, MICROSOFT_TENANT: tenant, MICROSOFT_URL: url, ...values }) =>
    clientId === undefined
      ? []
      : [
          {
            kind: 'openid',
            id: 'microsoft',
            name: 'Microsoft',
            issuer: `${url}/${tenant}/v2.0`,
            namedIssuer: `${url}/${tenantOf(tenant)}/v2.0`,
            ...(tenant === 'organizations' && { refusedTenant: CONSUMERS }),
            clientId,
            clientSecret: values.MICROSOFT_CLIENT_SECRET,
            nativeClientIds: values.MICROSOFT_NATIVE_CLIENT_IDS,
            scopes: ['openid', 'email', 'profile', ...values.MICROSOFT_SCOPES],
            offline: { scope: 'offline_access' },
            isEmailVerified,
          },
        ],
});

function tenantOf(tenant: string): string {
  if (MANY_TENANTS.includes(tenant)) return '{tenantid}';
  return tenant === 'consumers' ? CONSUMERS : tenant;
}

/**
 * An administrator of any tenant can write any address into `email`. Only `xms_edov`, an optional claim, says that the
 * domain of the address belongs to the tenant. It comes as a boolean or as a number, either of them sometimes as a text.
 */
function isEmailVerified({ xms_edov: isDomainVerified }: Claims): boolean {
  return isTrue(isDomainVerified) || isDomainVerified === 1 || isDomainVerified === '1';
}
