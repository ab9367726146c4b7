import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';

const client = createAuthClient({ baseURL: 'https://auth.example.com', plugins: [jwtClient()] });

export async function signUp(email, password) {
  const { error } = await client.signUp.email({ email, password, name: email });
  if (error) throw error;
}

export async function signIn(email, password) {
  const { error } = await client.signIn.email({ email, password });
  if (error) throw error;
}

export async function signOut() {
  const { error } = await client.signOut();
  if (error) throw error;
}

export async function callApi(path) {
  const { data } = await client.token();
  return fetch(`https://api.example.com${path}`, {
    headers: { Authorization: `Bearer ${data?.token}` },
  });
}

/** Who is signed in, now and whenever that changes, also in another tab. */
export const watch = (show) => client.useSession.subscribe(({ data }) => show(data?.user.email));
