import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** @import { Configuration, JWK } from 'oidc-provider' */

const generate = promisify(generateKeyPair);

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** Without the warning that the package gives of Node 20, on which it works. There is no setting for that. */
export async function loadPackage() {
  const { warn } = console;
  console.warn = (...args) => {
    if (!String(args[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...args);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

/**
 * @param {'RS256' | 'ES256'} alg
 * @returns {Promise<JWK>} a private key
 */
export async function makeSigningKey(alg) {
  const { privateKey } =
    alg === 'RS256'
      ? await generate('rsa', { modulusLength: 2048 })
      : await generate('ec', { namedCurve: 'P-256' });
  return { .../** @type {JWK} */ (privateKey.export({ format: 'jwk' })), alg, use: 'sig' };
}

/**
 * An OpenID provider for the code flow with PKCE alone. Its claims are in the ID token and at userinfo.
 * @param {string} issuer
 * @param {Configuration & Required<Pick<Configuration, 'adapter' | 'jwks' | 'findAccount'>>} configuration
 * @param {{ codeTtlSeconds?: number }} [options]
 */
export async function createProvider(issuer, configuration, { codeTtlSeconds = 60 } = {}) {
  const { Provider, interactionPolicy } = await loadPackage();
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  return new Provider(issuer, {
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'picture', 'locale'],
    },
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    pkce: { required: () => true },
    interactions: { policy },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: { enabled: false },
    },
    clientBasedCORS: () => false,
    // The package warns of each default of its own.
    ttl: {
      AccessToken: HOUR_SECONDS,
      AuthorizationCode: codeTtlSeconds,
      Grant: 14 * DAY_SECONDS,
      IdToken: HOUR_SECONDS,
      Interaction: HOUR_SECONDS,
      RefreshToken: 14 * DAY_SECONDS,
      Session: DAY_SECONDS,
    },
    ...configuration,
  });
}
