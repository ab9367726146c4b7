import { useState } from 'react';
import { client, sendCode, sendLink } from '../auth.ts';
import { Link } from '../router.tsx';
import { Action, CodeField, Field, Form, Page, useSay } from '../ui.tsx';

/** By a code or a link. It opens an account where there is none, unless the service does not want that. */
export function SignInByMessage({ by }: { by: 'code' | 'link' }) {
  const [to, setTo] = useState<string>();
  const say = useSay();
  const send = (address: string) => (by === 'code' ? sendCode(address) : sendLink(address));
  const title = by === 'code' ? 'Sign in with a code' : 'Sign in with a link';

  async function ask({ to: address = '' }: Record<string, string>) {
    await send(address);
    setTo(address);
  }
  async function askAgain() {
    await send(to ?? '');
    say('A new message is on its way.');
  }

  return to === undefined ? (
    <Page title={title} intro={by === 'code' ? 'We send you six digits.' : 'We send you a link by mail.'}>
      <Form key="to" label={by === 'code' ? 'Send the code' : 'Send the link'} onSubmit={ask}>
        {by === 'code' ? (
          <Field label="Email or phone number" name="to" autoComplete="username" autoCapitalize="none" />
        ) : (
          <Field label="Email" name="to" type="email" autoComplete="username" />
        )}
      </Form>
      <p className="below">
        <Link href="/">Back to sign-in</Link>
      </p>
    </Page>
  ) : (
    <Page
      title="Look at your messages"
      intro={
        <>
          We have sent a {by} to <strong>{to}</strong>.
        </>
      }
    >
      {by === 'link' && (
        <p className="muted">
          Open it in this browser. Where it shows a code instead of signing you in, type that here.
        </p>
      )}
      <Form key="code" label="Sign in" onSubmit={({ code = '' }) => client.signIn({ code })}>
        <CodeField />
      </Form>
      <Action label="Send it again" kind="quiet" onPress={askAgain} />
      <Action label="Use another address" kind="quiet" onPress={() => setTo(undefined)} />
    </Page>
  );
}
