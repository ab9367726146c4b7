import { useState } from 'react';
import { client, confirmSignUp } from '../auth.ts';
import { Link, navigate } from '../router.tsx';
import { CodeField, Field, Form, NewPasswordField, Page } from '../ui.tsx';

interface Props {
  /** Told where the code to confirm the address was sent, of an account that is let in before that. */
  readonly onSignUp: (codeSentTo: string | null) => void;
}

export function SignUp({ onSignUp }: Props) {
  const [waiting, setWaiting] = useState<{ email: string; password: string }>();

  async function signUp({ name = '', email = '', password = '' }: Record<string, string>) {
    const step = await client.signUp({ email, password, ...(name && { name }) });
    if (step.status === 'verify-email') return setWaiting({ email, password });
    onSignUp(email);
    navigate('/');
  }

  async function confirm({ code = '' }: Record<string, string>) {
    if (waiting === undefined) return;
    await confirmSignUp(code, waiting.email, waiting.password);
    navigate('/');
  }

  return waiting === undefined ? (
    <Page title="Create an account">
      <Form key="account" label="Create account" onSubmit={signUp}>
        <Field label="Name (optional)" name="name" autoComplete="name" required={false} />
        <Field label="Email" name="email" type="email" autoComplete="username" />
        <NewPasswordField label="Password" name="password" />
      </Form>
      <p className="below">
        Already have an account? <Link href="/">Sign in</Link>
      </p>
    </Page>
  ) : (
    <Page
      title="Confirm your address"
      intro={
        <>
          We have sent six digits to <strong>{waiting.email}</strong>.
        </>
      }
    >
      <Form key="code" label="Confirm" onSubmit={confirm}>
        <CodeField />
      </Form>
      <p className="below">
        <Link href="/">Back to sign-in</Link>
      </p>
    </Page>
  );
}
