import { createClient, LatchkeyError, type Step } from '@latchkey/client';

const { VITE_LATCHKEY_URL, VITE_POSTS_URL, VITE_TRANSPORT } = import.meta.env;
/** The page that links and providers lead back to. */
const returnTo = `${location.origin}/`;

export const postsUrl = VITE_POSTS_URL ?? 'http://localhost:4000';

/** The one client of the app. Tokens outlive a reload in localStorage, where any script of the page can read them; a cookie needs no storage. */
export const client = createClient({
  url: VITE_LATCHKEY_URL ?? 'http://localhost:3000',
  transport: VITE_TRANSPORT ?? 'cookie',
  origins: [postsUrl],
  storage: localStorage,
});

export const signInWith = (provider: string) => client.signInWith(provider, { returnTo });

export const sendLink = (email: string) => client.signIn({ send: 'link', email, returnTo });

export const sendCode = (to: string) =>
  client.signIn(to.includes('@') ? { send: 'code', email: to } : { send: 'code', phone: to });

export const listProviders = async () => (await client.call('GET /login/providers')).providers;

/** Confirms the address of a sign-up that the service has not let in yet, and signs in. */
export async function confirmSignUp(code: string, email: string, password: string): Promise<Step> {
  await client.verifyEmail(code);
  return client.signIn({ email, password });
}

/**
 * Does what Latchkey or another service may refuse for want of a recent proof of who is asking (RFC 9470). Then `ask` has
 * the person prove it, by a first and where that is not enough by a second factor, and it is done again.
 */
export async function withStepUp<Result>(
  work: () => Promise<Result>,
  ask: (factor: 'first' | 'second') => Promise<void>,
): Promise<Result> {
  for (const factor of ['first', 'second'] as const) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LatchkeyError && error.code === 'insufficient_user_authentication')) throw error;
      await ask(factor);
    }
  }
  return work();
}

/** Calls the posts service with an access token. @throws LatchkeyError what it refuses with */
export async function callPosts<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const response = await client.fetch(postsUrl + path, init).catch((cause) => {
    throw new LatchkeyError(0, { code: 'network_error' }, undefined, cause);
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new LatchkeyError(response.status, answer);
  return answer;
}
