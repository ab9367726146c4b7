import { useEffect, useState } from 'react';
import { client } from '../auth.ts';
import { Link, navigate } from '../router.tsx';
import { AccountField, CodeField, Field, Form, NewPasswordField, Page, useSay } from '../ui.tsx';

const Back = () => (
  <p className="below">
    <Link href="/">Back to sign-in</Link>
  </p>
);

/** By the code of a message. */
export function ForgotPassword() {
  const [sent, setSent] = useState<{ email: string; challenge_id: string }>();
  const say = useSay();

  async function ask({ email = '' }: Record<string, string>) {
    const { challenge_id } = await client.call('POST /password/forgot', { email });
    setSent({ email, challenge_id });
  }

  async function reset({ code = '', new_password = '' }: Record<string, string>) {
    await client.call('POST /password/reset', { challenge_id: sent?.challenge_id ?? '', code, new_password });
    say('You have a new password. Sign in with it.');
    navigate('/');
  }

  return sent === undefined ? (
    <Page title="Forgot your password?" intro="We send you a code, with which you choose another one.">
      <Form key="email" label="Send the code" onSubmit={ask}>
        <Field label="Email" name="email" type="email" autoComplete="username" />
      </Form>
      <Back />
    </Page>
  ) : (
    <Page
      title="Choose another password"
      intro={
        <>
          If <strong>{sent.email}</strong> has an account, a code is on its way.
        </>
      }
    >
      <Form key="code" label="Change password" onSubmit={reset}>
        <AccountField name={sent.email} />
        <CodeField />
        <NewPasswordField />
      </Form>
      <Back />
    </Page>
  );
}

/** By the link of a message, where PASSWORD_RESET_URL of Latchkey is this page: `/reset-password#token={token}`. */
export function ResetPassword() {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '');
  const say = useSay();
  useEffect(() => history.replaceState(null, '', location.pathname), []);

  async function reset({ new_password = '' }: Record<string, string>) {
    await client.call('POST /password/reset', { token, new_password });
    say('You have a new password. Sign in with it.');
    navigate('/');
  }

  return (
    <Page title="Choose another password">
      <Form label="Change password" onSubmit={reset}>
        <NewPasswordField />
      </Form>
      <Back />
    </Page>
  );
}
