import { LatchkeyError } from '@latchkey/client';
import { useEffect, useState } from 'react';
import { client, listProviders, signInWith } from '../auth.ts';
import { Link, navigate } from '../router.tsx';
import { AccountField, Action, Field, Form, NewPasswordField, Page, Problem, useLoaded } from '../ui.tsx';
import { reasonInWords } from '../words.ts';
import { ConfirmEmail } from './confirm-email.tsx';

/** @param problem of a sign-in at a provider or by a link that has led back here */
export function SignIn({ reason, problem }: { reason: string | undefined; problem: unknown }) {
  const [error, setError] = useState(problem);
  const [unconfirmed, setUnconfirmed] = useState<string>();
  const [changeRequiredFor, setChangeRequiredFor] = useState<{ identifier: string; password: string }>();
  const { value: providers = [] } = useLoaded(listProviders);

  // Passkeys are offered in the list of what to fill in, where the browser has any: else nothing was asked for that failed.
  useEffect(() => {
    client.signIn({ passkey: 'autofill' }).catch((refusal) => {
      if (refusal instanceof LatchkeyError) setError(refusal);
    });
  }, []);

  async function byPassword({ identifier = '', password = '' }: Record<string, string>) {
    setError(undefined);
    try {
      await client.signIn({ identifier, password });
    } catch (refusal) {
      const code = refusal instanceof LatchkeyError && refusal.code;
      if (code === 'password_change_required') setChangeRequiredFor({ identifier, password });
      else if (code === 'email_not_verified' && identifier.includes('@')) setUnconfirmed(identifier);
      else throw refusal;
    }
  }

  if (unconfirmed !== undefined)
    return (
      <Page title="Confirm your address" intro={`Before you sign in, confirm that ${unconfirmed} is yours.`}>
        <ConfirmEmail email={unconfirmed} onDone={() => setUnconfirmed(undefined)} />
      </Page>
    );
  if (changeRequiredFor !== undefined)
    return (
      <Page title="Choose another password" intro="An administrator asks you to, before you sign in.">
        <Form
          label="Change it and sign in"
          onSubmit={({ new_password = '' }) => client.signIn({ ...changeRequiredFor, new_password })}
        >
          <AccountField name={changeRequiredFor.identifier} />
          <NewPasswordField />
        </Form>
        <Action label="Back to sign-in" kind="quiet" onPress={() => setChangeRequiredFor(undefined)} />
      </Page>
    );
  return (
    <Page title="Sign in">
      {reason !== undefined && error === undefined && <p className="notice">{reasonInWords(reason)}</p>}
      <Problem error={error} />
      <Form label="Sign in" onSubmit={byPassword}>
        <Field
          label="Email or username"
          name="identifier"
          autoComplete="username webauthn"
          autoCapitalize="none"
        />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
      </Form>
      <p className="aside">
        <Link href="/forgot-password">Forgot password?</Link>
      </p>
      <p className="or">or</p>
      <div className="stack">
        {providers.map(({ id, name }) => (
          <Action key={id} label={`Continue with ${name}`} onPress={() => signInWith(id)} />
        ))}
        <Action label="Use a passkey" onPress={() => client.signIn({ passkey: true })} />
        <Action label="Send me a code" onPress={() => navigate('/sign-in/code')} />
        <Action label="Email me a link" onPress={() => navigate('/sign-in/link')} />
      </div>
      <p className="below">
        New here? <Link href="/sign-up">Create an account</Link>
      </p>
    </Page>
  );
}
