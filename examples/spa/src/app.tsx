import { useSession } from '@latchkey/client/react';
import { type ReactNode, useEffect, useState } from 'react';
import { client } from './auth.ts';
import { Activity } from './pages/activity.tsx';
import { Challenge } from './pages/challenge.tsx';
import { Devices } from './pages/devices.tsx';
import { ForgotPassword, ResetPassword } from './pages/forgot-password.tsx';
import { Posts } from './pages/posts.tsx';
import { Profile } from './pages/profile.tsx';
import { Security } from './pages/security.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { SignInByMessage } from './pages/sign-in-by-message.tsx';
import { SignUp } from './pages/sign-up.tsx';
import { Link, usePath } from './router.tsx';
import { Action, Loading } from './ui.tsx';

const TABS = [
  ['/', 'Profile'],
  ['/security', 'Security'],
  ['/devices', 'Devices'],
  ['/activity', 'Activity'],
  ['/posts', 'Posts'],
] as const;

export function App() {
  const session = useSession();
  const arrival = useArrival();
  const path = usePath();
  const [abandoned, setAbandoned] = useState<object>();
  /** The address to which a sign-up on this page has had a code sent. */
  const [codeSentTo, setCodeSentTo] = useState<string | null>(null);

  if (session.status === 'loading' || arrival.isPending)
    return (
      <Outside>
        <Loading />
      </Outside>
    );
  if (session.status === 'signed-in')
    return (
      // By the account: another one that signs in finds nothing of the one before, such as its recovery codes.
      <Inside
        key={session.user?.id}
        name={session.user?.name || session.user?.email || session.user?.phone || ''}
      >
        {path === '/security' ? (
          <Security />
        ) : path === '/devices' ? (
          <Devices />
        ) : path === '/activity' ? (
          <Activity />
        ) : path === '/posts' ? (
          <Posts />
        ) : (
          <Profile codeSentTo={codeSentTo} />
        )}
      </Inside>
    );
  if (session.status === 'challenge' && session !== abandoned)
    return (
      <Outside>
        <Challenge methods={session.methods ?? []} onAbandon={() => setAbandoned(session)} />
      </Outside>
    );
  return (
    <Outside>
      {path === '/sign-up' ? (
        <SignUp onSignUp={setCodeSentTo} />
      ) : path === '/sign-in/code' ? (
        <SignInByMessage key="code" by="code" />
      ) : path === '/sign-in/link' ? (
        <SignInByMessage key="link" by="link" />
      ) : path === '/forgot-password' ? (
        <ForgotPassword />
      ) : path === '/reset-password' ? (
        <ResetPassword />
      ) : (
        <SignIn reason={session.reason} problem={arrival.error} />
      )}
    </Outside>
  );
}

/** The sign-in that a link or a provider has led back from. */
function useArrival() {
  const [arrival, setArrival] = useState<{ isPending: boolean; error?: unknown }>({ isPending: true });
  useEffect(() => {
    client.completeSignIn().then(
      () => setArrival({ isPending: false }),
      (error) => setArrival({ isPending: false, error }),
    );
  }, []);
  return arrival;
}

/** For those who are not signed in. */
function Outside({ children }: { children: ReactNode }) {
  return (
    <div className="outside">
      <header>
        <Brand />
      </header>
      <main className="card">{children}</main>
    </div>
  );
}

function Inside({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="inside">
      <header>
        <Brand />
        <span className="who">{name}</span>
        <Action label="Sign out" kind="quiet" onPress={() => client.signOut()} />
      </header>
      <nav aria-label="Account">
        {TABS.map(([href, label]) => (
          <Link key={href} href={href}>
            {label}
          </Link>
        ))}
      </nav>
      <main>{children}</main>
    </div>
  );
}

const Brand = () => (
  <span className="brand">
    <img src="/icon.svg" alt="" width="28" height="28" /> Latchkey example
  </span>
);
