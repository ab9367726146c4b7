import { AuthClient } from '@supabase/auth-js';

const auth = new AuthClient({
  url: 'https://auth.example.com/auth/v1',
  headers: { apikey: 'publishable-key' },
});

export async function signUp(email, password) {
  const { error } = await auth.signUp({ email, password });
  if (error) throw error;
}

export async function signIn(email, password) {
  const { error } = await auth.signInWithPassword({ email, password });
  if (error) throw error;
}

export async function signOut() {
  const { error } = await auth.signOut({ scope: 'local' });
  if (error) throw error;
}

export async function callApi(path) {
  const { data } = await auth.getSession();
  return fetch(`https://api.example.com${path}`, {
    headers: { Authorization: `Bearer ${data.session?.access_token}` },
  });
}

/** Who is signed in, now and whenever that changes, also in another tab. */
export const watch = (show) => auth.onAuthStateChange((_event, session) => show(session?.user.email));
