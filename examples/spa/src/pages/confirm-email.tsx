import { useState } from 'react';
import { client } from '../auth.ts';
import { Action, CodeField, Form } from '../ui.tsx';

interface Props {
  readonly email: string;
  /** What the code is for that was sent: of a sign-up on this page, or of a change. Without one it is sent at a press. */
  readonly sent?: 'sign-up' | { readonly challenge_id: string } | undefined;
  readonly onDone: () => unknown;
}

/** Asks for the code that proves an address, and for another one where it does not come. */
export function ConfirmEmail({ email, sent: sentBefore, onDone }: Props) {
  const [sent, setSent] = useState(sentBefore);

  const send = async () => setSent(await client.call('POST /email/verify/resend', { email }));

  async function confirm({ code = '' }: Record<string, string>) {
    if (sent === 'sign-up') await client.verifyEmail(code);
    else if (sent) await client.call('POST /email/verify', { challenge_id: sent.challenge_id, code });
    await onDone();
  }

  if (sent === undefined) return <Action label="Send me a code" onPress={send} />;
  return (
    <>
      <Form label="Confirm" onSubmit={confirm}>
        <CodeField hint={`We have sent six digits to ${email}. The link in the same message does as well.`} />
      </Form>
      <Action label="Send it again" kind="quiet" onPress={send} />
    </>
  );
}
