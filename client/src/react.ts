import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { Client } from './client.ts';
import type { Session } from './state.ts';

const Context = createContext<Client | undefined>(undefined);

interface Children {
  readonly children?: ReactNode;
}

/** Gives a client to all that is in it. */
export const LatchkeyProvider = ({ client, children }: Children & { readonly client: Client }) =>
  createElement(Context.Provider, { value: client }, children);

/** The client of the provider. @throws Error outside one */
export function useLatchkey(): Client {
  const client = useContext(Context);
  if (client === undefined) throw new Error('Put <LatchkeyProvider client={client}> around this component');
  return client;
}

/** What a server renders, and a page that it has sent has to agree with at first. */
const LOADING: Session = { status: 'loading', user: null };

/** Who is signed in. Renders again when that changes. */
export function useSession(): Session {
  const client = useLatchkey();
  return useSyncExternalStore(
    client.subscribe,
    () => client.session,
    () => LOADING,
  );
}

/** Shows its children while a user is signed in. */
export const SignedIn = ({ children }: Children) => (useSession().status === 'signed-in' ? children : null);

/** Shows its children while no user is signed in, also in the middle of a sign-in. */
export const SignedOut = ({ children }: Children) =>
  ['signed-out', 'challenge'].includes(useSession().status) ? children : null;
