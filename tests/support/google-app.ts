import type { TestApp } from './app.ts';
import type { DatabaseKind } from './databases.ts';
import { APP_PAGE, CLIENT, callbackOf, googleEnv, openBrowser, useSocialApp } from './social-browser.ts';
import { type GooglePeer, startGoogle } from './social-peers/google.ts';

/** The service beside a stand-in for Google. */
export type GoogleApp = TestApp & { readonly google: GooglePeer };

let people = 0;

/** An account at Google of its own. */
export function aGoogleUser() {
  people += 1;
  return { sub: `1${String(people).padStart(20, '0')}`, email: `google-${people}@example.com`, name: 'Ada' };
}

/** One app for the suite at hand, which knows Google. */
export function useGoogleApp(kind: DatabaseKind, env: Record<string, string> = {}): GoogleApp {
  const used = useSocialApp({
    kind,
    start: (clock) => startGoogle({ ...CLIENT, redirectUris: [callbackOf('google')], clock }),
    env: (google) => ({ ...googleEnv(google), ...env }),
  });
  return new Proxy({} as GoogleApp, {
    get: (_target, name) => (name === 'google' ? used.peer : used.app[name as keyof TestApp]),
  });
}

const NONCE = 'a nonce that the app has chosen';

/** An ID token as an app gets it by itself, with its nonce. */
export async function anIdToken({ google }: GoogleApp, user = aGoogleUser()) {
  const idToken = await google.nativeIdToken({ user, androidClientId: CLIENT.clientId, nonce: NONCE });
  return { id_token: idToken, nonce: NONCE };
}

/** Adds Google to an account by a link, as `ask` asks for it: its tokens come along. */
export async function linkGoogle(app: GoogleApp, ask: (path: string) => ReturnType<TestApp['post']>) {
  app.google.signIn(aGoogleUser());
  const browser = openBrowser(app);
  const begun = await browser.send(ask('/me/identities/google').send({ return_to: APP_PAGE }));
  if (begun.status === 200) await browser.comeBack(await browser.visit(begun.body.authorization_url));
  return begun;
}
