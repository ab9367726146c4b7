import type { FactorMethod } from '@latchkey/client';
import { Fragment, useState } from 'react';
import { Action, CodeField, Field, Form } from './ui.tsx';

interface Props {
  readonly methods: readonly FactorMethod[];
  readonly onProof: (
    method: FactorMethod,
    code: string | undefined,
    rememberDevice: boolean,
  ) => Promise<unknown>;
  /** Has a code sent. */
  readonly onSend?: (method: 'email_code' | 'phone_code') => Promise<void>;
  readonly canRemember?: boolean;
}

const NAMES: Record<FactorMethod, string> = {
  totp: 'a code from your authenticator app',
  passkey: 'a passkey',
  email_code: 'a code by mail',
  phone_code: 'a code by SMS',
  recovery_code: 'a recovery code',
};

const INTROS: Record<FactorMethod, string> = {
  totp: 'Open your authenticator app and type the six digits that it shows.',
  passkey: 'Your device asks for your fingerprint, your face or its PIN.',
  email_code: 'We send six digits to your address.',
  phone_code: 'We send six digits to your phone.',
  recovery_code:
    'Type one of the codes that you saved when you set your second factor up. Each is good once.',
};

/** Asks for a second factor, by the first of some methods, and offers the others. */
export function FactorForm({ methods, onProof, onSend, canRemember = false }: Props) {
  const [method = 'totp', setMethod] = useState(methods[0]);
  const [sent, setSent] = useState<FactorMethod>();
  const others = methods.filter((other) => other !== method);
  const isMessage = method === 'email_code' || method === 'phone_code';
  const submit = (values: Record<string, string>) => onProof(method, values.code, values.remember === 'on');
  // What only comes by a message is no factor of this person alone, and does not let a device be remembered.
  const remember = canRemember && !isMessage && (
    <label className="check">
      <input type="checkbox" name="remember" /> Do not ask again on this device
    </label>
  );

  function form() {
    if (isMessage && sent !== method) {
      const send = async () => {
        await onSend?.(method);
        setSent(method);
      };
      return <Form label="Send the code" onSubmit={send} />;
    }
    if (method === 'passkey')
      return (
        <Form label="Use a passkey" onSubmit={submit}>
          {remember}
        </Form>
      );
    return (
      <Form label="Continue" onSubmit={submit}>
        {method === 'recovery_code' ? (
          <Field
            label="Recovery code"
            name="code"
            autoComplete="off"
            autoCapitalize="none"
            className="code"
          />
        ) : (
          <CodeField />
        )}
        {remember}
      </Form>
    );
  }

  return (
    <>
      <p className="muted">{INTROS[method]}</p>
      <Fragment key={method}>{form()}</Fragment>
      {others.length > 0 && (
        <div className="stack">
          {others.map((other) => (
            <Action key={other} label={`Use ${NAMES[other]}`} onPress={() => setMethod(other)} />
          ))}
        </div>
      )}
    </>
  );
}
