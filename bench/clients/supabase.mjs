import { createClient } from '@supabase/supabase-js';

const supabase = createClient('https://auth.example.com', 'publishable-key');

export async function signUp(email, password) {
  const { error } = await supabase.auth.signUp({ email, password });
  if (error) throw error;
}

export async function signIn(email, password) {
  const { error } = await supabase.auth.signInWithPassword({ email, password });
  if (error) throw error;
}

export async function signOut() {
  const { error } = await supabase.auth.signOut({ scope: 'local' });
  if (error) throw error;
}

export async function callApi(path) {
  const { data } = await supabase.auth.getSession();
  return fetch(`https://api.example.com${path}`, {
    headers: { Authorization: `Bearer ${data.session?.access_token}` },
  });
}

/** Who is signed in, now and whenever that changes, also in another tab. */
export const watch = (show) =>
  supabase.auth.onAuthStateChange((_event, session) => show(session?.user.email));
