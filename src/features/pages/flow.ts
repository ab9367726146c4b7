import { fieldError } from '../../core/errors.ts';
import { type ReturnRule, requireReturnUrl, sourceOf } from '../../core/sign-in/return-to.ts';

/** The fields of a form, or the parameters of a URL. */
export type Texts = Readonly<Record<string, string>>;

/** Where a visitor wants to go in the end: in the parameters of the URL of every page on the way. */
export interface Flow {
  /** The URL of a page of an app, or the path of a page of this service; null for the account. */
  readonly returnTo: string | null;
  /** Whether the app gets a code for a session of its own, or shares the cookie. */
  readonly transport: 'token' | 'cookie';
  /** What the app has to send with that code, so that it accepts no code that was planted. */
  readonly challengeId: string | null;
}

export type Flows = ReturnType<typeof createFlows>;

const ACCOUNT = '/account';
const PARAMETERS = ['return_to', 'transport', 'challenge_id'] as const;
const CHALLENGE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The way through the pages, and the pages that it may lead to in the end. */
export function createFlows(publicUrl: string, rule: ReturnRule) {
  const own = new URL(publicUrl);
  const base = own.pathname.replace(/\/$/, '');

  /** @throws AppError validation_failed where the visitor may not be led there */
  function read({ return_to: returnTo, transport, challenge_id: challengeId }: Texts): Flow {
    return {
      returnTo: returnTo === undefined ? null : requireReturn(returnTo),
      transport: transport === 'token' ? 'token' : 'cookie',
      challengeId: challengeId === undefined ? null : requireChallengeId(challengeId),
    };
  }

  /** Without it the app would get a code that it did not ask for in this way. */
  function requireChallengeId(challengeId: string): string {
    if (CHALLENGE_ID.test(challengeId)) return challengeId;
    throw fieldError('/challenge_id', 'invalid', 'Must be a UUID, as POST /login/exchange will get it.');
  }

  function requireReturn(returnTo: string): string {
    const path = ownPathOf(returnTo);
    if (path !== undefined) return path;
    requireReturnUrl(returnTo, rule);
    return returnTo;
  }

  /**
   * The path below PUBLIC_URL of a page of this service, whether it is given as browsers see it or without the path of
   * PUBLIC_URL; undefined for all else, such as //evil.example.
   */
  function ownPathOf(returnTo: string): string | undefined {
    if (!URL.canParse(returnTo, publicUrl)) return undefined;
    const { href, origin, pathname, search } = new URL(returnTo, publicUrl);
    if (origin !== own.origin) return undefined;
    const isPath = returnTo.startsWith('/');
    // As it is written and as the browser would read it: /auth/../ is not below /auth.
    if (!isPath && ![returnTo, href].every((url) => url.startsWith(`${publicUrl}/`))) return undefined;
    const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
    // /.//evil.example is another host too.
    return path.startsWith('//') ? undefined : path + search;
  }

  /** A path of this service as browsers see it, and any other URL as it is. */
  const locationOf = (url: string) => (url.startsWith('/') ? base + url : url);

  /** The path of a page, with where the visitor wants to go. */
  function to(path: string, { returnTo, transport, challengeId }: Flow, more: Texts = {}): string {
    const values = [returnTo && locationOf(returnTo), transport === 'token' ? transport : null, challengeId];
    const parameters = new URLSearchParams(more);
    for (const [index, name] of PARAMETERS.entries()) {
      const value = values[index];
      if (value !== null && value !== undefined) parameters.set(name, value);
    }
    return parameters.size === 0 ? path : `${path}?${parameters}`;
  }

  /** The path of a page that leads back to another one of this service. */
  const toAndBack = (path: string, back: string): string =>
    to(path, { returnTo: back, transport: 'cookie', challengeId: null });

  /** The URL of the app that a flow leads to; undefined where it leads to a page of this service. */
  function appUrlOf({ returnTo }: Flow): string | undefined {
    return returnTo === null || returnTo.startsWith('/') ? undefined : returnTo;
  }

  /** The app as `form-action` names it, in a list that is empty without an app. */
  function sourcesOf(flow: Flow): string[] {
    const url = appUrlOf(flow);
    return url === undefined ? [] : [sourceOf(url)];
  }

  /** The host of the app; empty for an app with a scheme of its own, and without an app. */
  function hostOf(flow: Flow): string {
    const url = appUrlOf(flow);
    return url === undefined ? '' : new URL(url).host;
  }

  return {
    read,
    to,
    toAndBack,
    sourcesOf,
    hostOf,
    /** Where a visitor who is signed in is led. */
    destinationOf: ({ returnTo }: Flow) => returnTo ?? ACCOUNT,
    /** Whether the flow leads to an app. */
    isForApp: (flow: Flow) => appUrlOf(flow) !== undefined,
    locationOf,
    /** The URL of a page of this service, and any other as it is. */
    absolute: (url: string) => (url.startsWith('/') ? publicUrl + url : url),
  };
}
