/**
 * An OpenID provider for trying social login on one computer, without an account anywhere: any address signs in,
 * without a password. The service forks this where DEMO_PROVIDER=true, and sets
 *
 *   DEMO_PROVIDER_PORT            where it listens, at 127.0.0.1 alone; 0 for any
 *   DEMO_PROVIDER_REDIRECT_URIS   of the client, with spaces in between
 *   DEMO_PROVIDER_CLIENT_ID
 *   DEMO_PROVIDER_CLIENT_SECRET   for client_secret_basic, or as DEMO_PROVIDER_AUTH_METHOD says
 *
 * One message comes back, { type: 'listening', issuer, port } or { type: 'failed', code, message }. The provider ends
 * with its parent.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { forgetSessions, interactions } from './demo-provider/interactions.js';
import { createMemory } from './demo-provider/memory.js';
import { consentPage, goBackPage, messagePage, PAGE_HEADERS, signInPage } from './demo-provider/pages.js';
import { createProvider, makeSigningKey } from './demo-provider/provider.js';

/**
 * @import { AddressInfo } from 'node:net'
 * @import { ClientAuthMethod } from 'oidc-provider'
 * @import { Middleware } from './demo-provider/interactions.js'
 * @import { Account } from './demo-provider/pages.js'
 * @typedef {NodeJS.ErrnoException & { error_description?: string }} Failure
 */

const EMAIL_PATTERN = /^[^\s@]+@[^\s@]+$/;
const MAX_EMAIL_LENGTH = 254;
const MAX_NAME_LENGTH = 200;

const EXPIRED =
  'It was open too long, was used already, or your browser keeps no cookies. Go back to the app and start again.';

if (process.send === undefined) {
  console.error('npm start starts this with DEMO_PROVIDER=true.');
  process.exit(1);
}
process.on('disconnect', () => process.exit());

try {
  await start(process.env);
} catch (error) {
  const { code, message, error_description: description } = /** @type {Failure} */ (error);
  process.send({ type: 'failed', code: code ?? 'ERROR', message: description ?? message }, () =>
    process.exit(1),
  );
}

/** @param {NodeJS.ProcessEnv} env */
async function start(env) {
  const signingKey = await makeSigningKey('RS256');
  const server = createServer();
  server.listen(Number(env.DEMO_PROVIDER_PORT), '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {AddressInfo} */ (server.address());
  const issuer = `http://localhost:${port}`;

  const clientId = env.DEMO_PROVIDER_CLIENT_ID ?? '';
  const authMethod = /** @type {ClientAuthMethod} */ (env.DEMO_PROVIDER_AUTH_METHOD ?? 'client_secret_basic');
  const accounts = createAccounts();
  const provider = await createProvider(issuer, {
    adapter: createMemory().adapter,
    jwks: { keys: [signingKey] },
    clients: [
      {
        client_id: clientId,
        client_secret: env.DEMO_PROVIDER_CLIENT_SECRET,
        client_name: 'Latchkey',
        redirect_uris: (env.DEMO_PROVIDER_REDIRECT_URIS ?? '').split(' '),
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: authMethod,
      },
    ],
    clientAuthMethods: [authMethod],
    // Of their own, since a browser sends the cookies of localhost to every port.
    cookies: {
      names: { session: 'demo_provider', interaction: 'demo_provider_page', resume: 'demo_provider_return' },
      keys: [randomBytes(32).toString('hex')],
    },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => accounts.claimsOf(accountId) }),
    renderError(ctx, { error, error_description: description }, cause) {
      ctx.set(PAGE_HEADERS);
      ctx.type = 'html';
      ctx.body = errorPage(cause, description ?? error);
    },
  });
  // A client is looked at only now.
  await provider.Client.find(clientId);

  provider.use(forgetSessions);
  provider.use(showPages(issuer));
  provider.use(
    interactions(provider, {
      signInPage,
      signIn(form, interaction) {
        const account = readAccount(form);
        if (typeof account === 'string') return signInPage(interaction, { form, problem: account });
        return { accountId: accounts.put(account) };
      },
      consentPage: (interaction) => consentPage(interaction, accounts.get(interaction.accountId)),
      errorPage,
    }),
  );
  server.on('request', provider.callback());
  process.send?.({ type: 'listening', issuer, port });
}

/** Who has signed in, with what the person last chose to share. */
function createAccounts() {
  /** @type {Map<string | undefined, Account>} */
  const accounts = new Map();

  /** @param {string | undefined} id */
  function get(id) {
    const account = accounts.get(id);
    if (account === undefined) throw new Error('There is no such account.');
    return account;
  }

  return {
    get,
    /** @param {Account} account */
    put(account) {
      const id = createHash('sha256').update(account.typedEmail.toLowerCase()).digest('hex').slice(0, 32);
      accounts.set(id, account);
      return id;
    },
    /** @param {string} id */
    claimsOf(id) {
      const { email, verified, name } = get(id);
      return {
        sub: id,
        ...(email !== undefined && { email, email_verified: verified }),
        ...(name !== undefined && { name }),
      };
    },
  };
}

/**
 * @param {URLSearchParams} form
 * @returns {Account | string} or what is wrong
 */
function readAccount(form) {
  const typedEmail = form.get('email')?.trim() ?? '';
  if (!EMAIL_PATTERN.test(typedEmail) || typedEmail.length > MAX_EMAIL_LENGTH)
    return 'Enter an email address, such as ada@example.com.';
  return {
    typedEmail,
    email: form.has('share_no_email') ? undefined : typedEmail,
    verified: form.has('verified'),
    name: form.get('name')?.trim().slice(0, MAX_NAME_LENGTH) || undefined,
  };
}

/**
 * @param {Error} cause
 * @param {string} description
 */
function errorPage(cause, description = cause.message) {
  if (cause.name === 'SessionNotFound') return messagePage('This page has expired', EXPIRED);
  return messagePage('The demo provider cannot go on', description);
}

/**
 * Gives pages their headers, and makes a page of the redirect to the client.
 * @param {string} issuer
 * @returns {Middleware}
 */
function showPages(issuer) {
  return async (ctx, next) => {
    await next();
    const { location } = ctx.response.headers;
    const leadsAway = typeof location === 'string' && new URL(location, issuer).origin !== issuer;
    if (ctx.path.startsWith('/auth/') && leadsAway) {
      ctx.remove('Location');
      ctx.status = 200;
      ctx.type = 'html';
      ctx.body = goBackPage(location);
    } else if (ctx.path === '/') {
      ctx.status = 200;
      ctx.type = 'html';
      ctx.body = messagePage('The demo provider is running', 'Latchkey leads here when you sign in with it.');
    } else if (!ctx.path.startsWith('/interaction/')) return;
    ctx.set('Cache-Control', 'no-store');
    ctx.set(PAGE_HEADERS);
  };
}
