import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  CompactSign,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWK as JoseJwk,
  type JWTPayload,
} from 'jose';
import type { JWK } from 'oidc-provider';
import type { Middleware } from '../../scripts/demo-provider/interactions.js';
import { makeSigningKey } from '../../scripts/demo-provider/provider.js';

/** What to send instead. A member that is undefined is left out. */
export type Change<Value> = (value: Value) => Value;

/** The client's secret signs by HS256, nothing by `none`. A foreign key has the `kid` of the provider's own. */
export type Signer = 'own key' | 'foreign key' | 'client secret' | 'nothing';

/** Takes a request before the provider does, and says whether it has. To leave it open is to hang. */
export type Interceptor = (req: IncomingMessage, res: ServerResponse) => boolean;

type Json = Readonly<Record<string, unknown>>;

interface Parts {
  readonly clientSecret: string;
  /** The private keys at this moment. */
  readonly keys: () => readonly JWK[];
}

interface Deviations {
  clockSkewSeconds?: number;
  responseIss?: string | undefined;
  leavesResponseIssOut?: boolean;
  changeIdToken?: Change<JWTPayload>;
  signer?: Signer;
  changeUserinfo?: Change<Json>;
  changeDiscovery?: Change<Json>;
  interceptor?: Interceptor;
}

const TIMES = ['iat', 'exp', 'auth_time'];

const same = <Value>(value: Value): Value => value;

/** What a provider does otherwise than a correct one would, on top of one that is. */
export function createMisbehaviour({ clientSecret, keys }: Parts) {
  let deviations: Deviations = {};

  const middleware: Middleware = async (ctx, next) => {
    await next();
    if (ctx.path.startsWith('/auth')) changeResponseIss(ctx);
    if (ctx.status !== 200 || typeof ctx.body !== 'object') return;
    const { changeUserinfo = same, changeDiscovery = same } = deviations;
    const body = ctx.body as Json;
    if (ctx.path === '/token' && typeof body.id_token === 'string')
      ctx.body = { ...body, id_token: await reissue(body.id_token) };
    if (ctx.path === '/me') ctx.body = changeUserinfo(body);
    if (ctx.path === '/.well-known/openid-configuration') ctx.body = changeDiscovery(body);
  };

  function changeResponseIss(ctx: Parameters<Middleware>[0]): void {
    const { responseIss, leavesResponseIssOut = false } = deviations;
    if (responseIss === undefined && !leavesResponseIssOut) return;
    const { location } = ctx.response.headers;
    if (typeof location === 'string' && URL.canParse(location)) {
      const url = new URL(location);
      if (responseIss === undefined) url.searchParams.delete('iss');
      else url.searchParams.set('iss', responseIss);
      ctx.set('Location', url.href);
    } else if (location === undefined && typeof ctx.body === 'string') {
      const input =
        responseIss === undefined ? '' : `<input type="hidden" name="iss" value="${responseIss}"/>`;
      ctx.body = ctx.body.replace(/<input type="hidden" name="iss" value="[^"]*"\/>/, input);
    }
  }

  async function reissue(idToken: string): Promise<string> {
    const { clockSkewSeconds = 0, changeIdToken = same, signer = 'own key' } = deviations;
    if (clockSkewSeconds === 0 && changeIdToken === same && signer === 'own key') return idToken;
    const claims = decodeJwt(idToken);
    for (const name of TIMES) {
      if (typeof claims[name] === 'number') claims[name] += clockSkewSeconds;
    }
    return sign(changeIdToken(claims), decodeProtectedHeader(idToken), signer);
  }

  /** The package cannot be told to sign anything but what it has made up. */
  async function sign(
    claims: JWTPayload,
    { alg = '', kid = '' }: { readonly alg?: string; readonly kid?: string },
    signer: Signer,
  ): Promise<string> {
    const payload = Buffer.from(JSON.stringify(claims));
    if (signer === 'nothing') {
      const header = Buffer.from(JSON.stringify({ alg: 'none' }));
      return `${header.toString('base64url')}.${payload.toString('base64url')}.`;
    }
    const signed = new CompactSign(payload);
    if (signer === 'client secret')
      return signed.setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(clientSecret));
    const own = keys().find((key) => key.kid === kid);
    const key = signer === 'own key' ? own : await makeSigningKey(alg as 'RS256' | 'ES256');
    return signed.setProtectedHeader({ alg, kid }).sign(await importJWK({ ...key } as JoseJwk, alg));
  }

  return {
    middleware,
    intercepts: (req: IncomingMessage, res: ServerResponse) => deviations.interceptor?.(req, res) ?? false,

    controls: {
      /** Dates ID tokens as a provider whose clock is fast, or slow if negative. */
      setClockSkewSeconds(seconds: number): void {
        deviations.clockSkewSeconds = seconds;
      },
      /** Changes the claims of ID tokens. They are signed again with the key that the provider publishes. */
      tamperIdToken(change: Change<JWTPayload>): void {
        deviations.changeIdToken = change;
      },
      signIdTokensWith(signer: Signer): void {
        deviations.signer = signer;
      },
      tamperUserinfo(change: Change<Json>): void {
        deviations.changeUserinfo = change;
      },
      tamperDiscovery(change: Change<Json>): void {
        deviations.changeDiscovery = change;
      },
      /** Sets the `iss` of authorization responses (RFC 9207); undefined leaves it out. */
      setResponseIss(iss: string | undefined): void {
        deviations.responseIss = iss;
        deviations.leavesResponseIssOut = iss === undefined;
      },
      intercept(interceptor: Interceptor): void {
        deviations.interceptor = interceptor;
      },
      /** Ends all of the above. */
      behave(): void {
        deviations = {};
      },
    },
  };
}
