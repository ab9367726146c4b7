import { createHash } from 'node:crypto';
import type { Core } from '../../core/core.ts';
import { AppError } from '../../core/errors.ts';
import type { AuthorizationResponse, IdentityProvider } from '../../core/identities/provider.ts';
import { useOnce } from '../../core/limits/once.ts';
import type { PrincipalCaller, UserPrincipal } from '../../core/principal.ts';
import type { Transport } from '../../core/sessions/session.ts';
import type { ProvingClient } from '../../core/sign-in/claim-account.ts';
import type { SignInClient } from '../../core/sign-in/client.ts';
import type { Login } from '../../core/sign-in/login-view.ts';
import type { OwnedProof } from '../../core/sign-in/proved-sign-in.ts';
import { requireReturnUrl, withParameter } from '../../core/sign-in/return-to.ts';
import type { CoreStores } from '../../core/stores.ts';
import type { Exchange } from '../../http/exchange.ts';
import { leadTo } from '../../http/page.ts';
import { sentBack } from '../../http/sent-back.ts';
import type { Identities } from './identities.ts';
import type { IdentityProof } from './linking.ts';
import type { OwnerOf } from './owner.ts';
import { checksOf, type PendingSignIns, type SignInToBegin } from './pending.ts';

/** What an app asks for. */
export interface AppRequest {
  readonly returnTo: string;
  readonly transport: Transport;
  readonly challengeId?: string | undefined;
  readonly prompt?: string | undefined;
  readonly loginHint?: string | undefined;
}

interface SocialServices {
  readonly pendingSignIns: PendingSignIns;
  readonly ownerOf: OwnerOf;
  readonly identities: Identities;
}

/** RFC 8176 registers no method for a sign-in at another provider; `fed` is what other services write. */
const FEDERATED = ['fed'];

export type SocialSignIn = ReturnType<typeof createSocialSignIn>;

/** Signing in at a provider, from the first redirect to the app that gets a session. */
export function createSocialSignIn(core: Core, { pendingSignIns, ownerOf, identities }: SocialServices) {
  const { store, providers, clock, config, provedSignIn } = core;
  const { publicUrl } = config.http;

  /** The providers to show buttons for. */
  const list = () => [...providers.values()].map(({ id, name }) => ({ id, name }));

  /**
   * The page of the provider, to which the browser is led.
   * @throws AppError provider_not_found, validation_failed, cookie_not_settable; provider_unavailable, provider_error, which
   * lead back to the app
   */
  async function begin(
    providerId: string,
    request: AppRequest,
    browser: Pick<Exchange, 'keepPending'>,
  ): Promise<string> {
    const provider = requireProvider(providerId);
    requireReturnUrl(request.returnTo, config.codes);
    const { url, pending } = await prepare(provider, request, null).catch((error) => {
      throw sentBack(error, request.returnTo);
    });
    pendingSignIns.keep(pending, browser);
    return url;
  }

  /**
   * The same for a user who is signed in, and links the account at the provider to their own.
   * @throws AppError provider_not_found, validation_failed, cookie_not_settable, provider_unavailable, provider_error
   */
  async function beginLink(
    { principal }: PrincipalCaller<UserPrincipal>,
    providerId: string,
    request: AppRequest,
    browser: Pick<Exchange, 'keepPending'>,
  ): Promise<string> {
    const provider = requireProvider(providerId);
    requireReturnUrl(request.returnTo, config.codes);
    const { userId, sessionId } = principal;
    const { url, pending } = await prepare(provider, request, { userId, sessionId });
    pendingSignIns.keep(pending, browser);
    return url;
  }

  async function prepare(
    provider: IdentityProvider,
    { returnTo, transport, challengeId, prompt, loginHint }: AppRequest,
    linkTo: SignInToBegin['linkTo'],
  ) {
    const { id } = provider;
    const app = { returnTo, transport, challengeId: challengeId ?? null };
    const pending = pendingSignIns.begin({ provider: id, ...app, linkTo });
    const url = await provider.authorize({ ...checksOf(pending, callbackOf(id)), prompt, loginHint });
    return { url, pending };
  }

  /**
   * Completes what is pending when the provider has led back, and leads back to the app: with a code to exchange for a
   * session, with a cookie, or with an error.
   * @throws AppError provider_not_found, invalid_state, which have no app to lead back to
   */
  async function complete(providerId: string, response: AuthorizationResponse, exchange: Exchange) {
    const provider = requireProvider(providerId);
    const pending = pendingSignIns.take(providerId, response.state, exchange);
    const { returnTo, transport, challengeId, linkTo } = pending;
    // The browser has forgotten its cookie, but a copy of it may come with the same response.
    if (!(await useOnce(store, `pending:${pending.state}`, new Date(clock.now()))))
      throw new AppError('invalid_state');
    try {
      const proof = await provider.complete(response, checksOf(pending, callbackOf(providerId)));
      if (linkTo !== null) {
        await identities.link(linkTo, proof, exchange.origin);
        return leadTo(withParameter(returnTo, 'linked', providerId));
      }
      // The cookie of the pending sign-in has shown that this browser began it.
      const { client, complete } = await exchange.beginSignIn(transport, true);
      const redeem = (stores: CoreStores) => redeemWithin(stores, proof, client, challengeId);
      if (transport === 'token')
        return leadTo(withParameter(returnTo, 'code', await provedSignIn.signInLater(redeem)));
      await complete(await provedSignIn.signIn(redeem, client, 'account_disabled'));
      return leadTo(returnTo);
    } catch (error) {
      throw sentBack(error, returnTo);
    }
  }

  /**
   * Signs in by an ID token that an app has got by itself.
   * @throws AppError provider_not_found, invalid_id_token, id_token_used, provider_unavailable, provider_error, and those of
   * `ownerOf`
   */
  async function signInByIdToken(
    providerId: string,
    { idToken, nonce }: { readonly idToken: string; readonly nonce: string },
    client: SignInClient,
  ): Promise<Login> {
    const identity = await readIdToken(providerId, idToken, nonce);
    const redeem = async (stores: CoreStores) => {
      await useIdTokenWithin(stores, idToken);
      return redeemWithin(stores, { identity, tokens: null }, client, null);
    };
    return provedSignIn.signIn(redeem, client, 'account_disabled');
  }

  /** @throws AppError as `signInByIdToken`, token_revoked, identity_taken */
  async function linkByIdToken(
    caller: PrincipalCaller<UserPrincipal>,
    providerId: string,
    { idToken, nonce }: { readonly idToken: string; readonly nonce: string },
  ) {
    const identity = await readIdToken(providerId, idToken, nonce);
    return identities.link(caller.principal, { identity, tokens: null }, caller.origin, (stores) =>
      useIdTokenWithin(stores, idToken),
    );
  }

  async function readIdToken(providerId: string, idToken: string, nonce: string) {
    const { readIdToken: read } = requireProvider(providerId);
    if (read === undefined) throw new AppError('provider_not_found');
    return read(idToken, nonce);
  }

  /** Marks an ID token as used. Of concurrent callers one succeeds. @throws AppError id_token_used */
  async function useIdTokenWithin(stores: CoreStores, idToken: string): Promise<void> {
    // Without the signature, of which there may be several that are valid.
    const signed = idToken.slice(0, idToken.lastIndexOf('.'));
    const name = `id-token:${createHash('sha256').update(signed).digest('base64url')}`;
    if (!(await useOnce(stores, name, new Date(clock.now())))) throw new AppError('id_token_used');
  }

  async function redeemWithin(
    stores: CoreStores,
    proof: IdentityProof,
    client: ProvingClient,
    challengeId: string | null,
  ): Promise<OwnedProof> {
    const { provider, authenticatedAt } = proof.identity;
    // Where the provider says when it asked for a password, that is how recent the sign-in is.
    const at = new Date(Math.min(clock.now(), authenticatedAt?.getTime() ?? Number.POSITIVE_INFINITY));
    const owner = await ownerOf(stores, proof, client);
    return { ...owner, proved: { method: 'social', provider, amr: FEDERATED, at, challengeId } };
  }

  /**
   * The callback by GET, with what a provider has sent by a form. The browser sends its cookies with that, and not with the
   * form of another site.
   * @throws AppError provider_not_found
   */
  function callbackWith(providerId: string, response: AuthorizationResponse): string {
    return `${callbackOf(requireProvider(providerId).id)}?${new URLSearchParams(response)}`;
  }

  const callbackOf = (providerId: string) => `${publicUrl}/login/${providerId}/callback`;

  function requireProvider(id: string): IdentityProvider {
    const provider = providers.get(id);
    if (provider === undefined) throw new AppError('provider_not_found');
    return provider;
  }

  return { list, begin, beginLink, complete, callbackWith, signInByIdToken, linkByIdToken };
}
