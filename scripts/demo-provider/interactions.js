/**
 * @import { IncomingMessage } from 'node:http'
 * @import Provider from 'oidc-provider'
 * @import { InteractionResults } from 'oidc-provider'
 */

/** @typedef {Parameters<Provider['use']>[0]} Middleware */

/**
 * What a page is about.
 * @typedef {object} Interaction
 * @property {string} clientName
 * @property {readonly string[]} scopes what the client asks for
 * @property {string | undefined} loginHint
 * @property {string | undefined} accountId who has signed in, as far as that is done
 */

/**
 * @typedef {object} Steps
 * @property {(interaction: Interaction) => string} signInPage has a form
 * @property {(form: URLSearchParams, interaction: Interaction) => SignIn | string} signIn or the page once more,
 *   where the form is refused
 * @property {(interaction: Interaction) => string} consentPage has a form, whose `decision` is `continue` or else
 * @property {(error: Error) => string} errorPage
 */

/**
 * @typedef {object} SignIn
 * @property {string} accountId
 * @property {number} [ts] when the person has signed in, in seconds
 */

const MAX_FORM_BYTES = 16_384;

/**
 * The pages between an authorization request and its answer: who signs in, and whether the client may know.
 * @param {Provider} provider
 * @param {Steps} steps
 * @returns {Middleware}
 */
export function interactions(provider, steps) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    ctx.set('Cache-Control', 'no-store');
    ctx.type = 'html';
    try {
      const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
      const client = await provider.Client.find(String(params.client_id));
      const interaction = {
        clientName: client?.clientName ?? String(params.client_id),
        scopes: String(params.scope ?? '').split(' '),
        loginHint: params.login_hint === undefined ? undefined : String(params.login_hint),
        accountId: session?.accountId,
      };
      const asksForConsent = prompt.name === 'consent';
      if (ctx.method !== 'POST') {
        ctx.body = asksForConsent ? steps.consentPage(interaction) : steps.signInPage(interaction);
        return;
      }
      const form = await readForm(ctx.req);
      if (!asksForConsent) {
        const login = steps.signIn(form, interaction);
        if (typeof login === 'string') {
          ctx.status = 400;
          ctx.body = login;
          return;
        }
        // To sign in is to choose an account.
        await finish({ login: { ...login }, select_account: {} });
      } else if (form.get('decision') !== 'continue') {
        await finish({ error: 'access_denied', error_description: 'The person has cancelled.' });
      } else {
        const grant =
          (grantId && (await provider.Grant.find(grantId))) ||
          new provider.Grant({ accountId: session?.accountId, clientId: client?.clientId });
        grant.addOIDCScope(String(params.scope));
        await finish({ consent: { grantId: await grant.save() } });
      }
    } catch (error) {
      if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 400)) throw error;
      ctx.status = 400;
      ctx.body = steps.errorPage(error);
    }

    /** @param {InteractionResults} result */
    async function finish(result) {
      ctx.status = 303;
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    }
  };
}

/**
 * Lets each authorization request begin with the sign-in page, so that one browser can try several accounts.
 * @type {Middleware}
 */
export function forgetSessions(ctx, next) {
  if (ctx.path === '/auth') delete ctx.req.headers.cookie;
  return next();
}

/** @param {IncomingMessage} request */
async function readForm(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) throw Object.assign(new Error('The form is too long.'), { statusCode: 400 });
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
