import { createClient } from '@latchkey/client';

const client = createClient({
  url: 'https://auth.example.com',
  transport: 'cookie',
  origins: ['https://api.example.com'],
});

export const signUp = (email, password) => client.signUp({ email, password });
export const signIn = (email, password) => client.signIn({ email, password });
export const signOut = () => client.signOut();
export const callApi = (path) => client.fetch(`https://api.example.com${path}`);

/** Who is signed in, now and whenever that changes, also in another tab. */
export const watch = (show) => client.subscribe(({ user }) => show(user?.email));
