import type { Passkey, TotpEnrolment, TotpFactor } from '@latchkey/client';
import { useSession } from '@latchkey/client/react';
import { useState } from 'react';
import { client } from '../auth.ts';
import { useStepUp } from '../step-up.tsx';
import {
  AccountField,
  Action,
  Card,
  CodeField,
  Field,
  Form,
  Loading,
  NewPasswordField,
  Page,
  Time,
  useLoaded,
  useSay,
} from '../ui.tsx';

export function Security() {
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const factors = useLoaded(client.factors.list);
  const passkeys = useLoaded(client.passkeys.list);

  /** After a change, which may have brought recovery codes. */
  async function changed(recoveryCodes: readonly string[] | null = null) {
    if (recoveryCodes !== null) setCodes(recoveryCodes);
    await Promise.all([factors.reload(), passkeys.reload()]);
  }

  return (
    <Page title="Security">
      {codes !== null && <RecoveryCodes codes={codes} onSaved={() => setCodes(null)} />}
      <Card
        title="Second factor"
        intro="With an authenticator app on your phone, a stolen password is not enough to get in."
      >
        {factors.value === undefined ? (
          <Loading error={factors.error} />
        ) : (
          <>
            <AuthenticatorApps apps={factors.value.totp} onChange={changed} />
            {factors.value.totp.length + factors.value.passkeys > 0 && (
              <RecoveryCodesLeft left={factors.value.recovery_codes} onRenew={changed} />
            )}
          </>
        )}
      </Card>
      <Card
        title="Passkeys"
        intro="Sign in with your fingerprint, your face or the PIN of your device, without a password."
      >
        {passkeys.value === undefined ? (
          <Loading error={passkeys.error} />
        ) : (
          <Passkeys passkeys={passkeys.value} onChange={changed} />
        )}
      </Card>
      <Password />
    </Page>
  );
}

interface OnChange {
  readonly onChange: (recoveryCodes?: readonly string[] | null) => Promise<void>;
}

function AuthenticatorApps({ apps, onChange }: { apps: readonly TotpFactor[] } & OnChange) {
  const [enrolment, setEnrolment] = useState<TotpEnrolment>();
  const stepUp = useStepUp();
  const say = useSay();

  const begin = async () => setEnrolment(await stepUp(() => client.factors.addTotp()));

  async function confirm({ code = '' }: Record<string, string>) {
    if (enrolment === undefined) return;
    const { recovery_codes } = await stepUp(() => client.factors.confirmTotp(enrolment.factor_id, code));
    setEnrolment(undefined);
    await onChange(recovery_codes);
    say('The authenticator app is set up.');
  }

  async function remove(id: string) {
    await stepUp(() => client.factors.removeTotp(id));
    await onChange();
    say('The authenticator app is removed.');
  }

  return (
    <>
      {apps.length > 0 && (
        <ul className="list">
          {apps.map(({ id, name, created_at }) => (
            <li key={id}>
              <div>
                <strong>{name ?? 'Authenticator app'}</strong>
                <span className="muted">
                  Added <Time at={created_at} />
                </span>
              </div>
              <Action
                label="Remove"
                kind="danger"
                about={name ?? 'authenticator app'}
                onPress={() => remove(id)}
              />
            </li>
          ))}
        </ul>
      )}
      {enrolment === undefined ? (
        <Action label={apps.length > 0 ? 'Add another app' : 'Set up an authenticator app'} onPress={begin} />
      ) : (
        <div className="enrolment">
          <p>
            Scan this with your authenticator app. On this device,{' '}
            <a href={enrolment.otpauth_uri}>open it there</a>.
          </p>
          {/* As a picture, so that nothing in it could run. */}
          <img
            className="qr"
            src={`data:image/svg+xml,${encodeURIComponent(enrolment.qr_svg)}`}
            alt="QR code for an authenticator app"
            width="200"
            height="200"
          />
          <p className="muted">
            Or type this key: <code className="key">{inFours(enrolment.secret)}</code>
          </p>
          <Form label="Confirm" onSubmit={confirm}>
            <CodeField label="Code from the app" autoFocus />
          </Form>
          <Action label="Cancel" kind="quiet" onPress={() => setEnrolment(undefined)} />
        </div>
      )}
    </>
  );
}

const inFours = (secret: string): string => secret.replaceAll(/.{4}(?=.)/g, '$& ');

function RecoveryCodesLeft({ left, onRenew }: { left: number; onRenew: OnChange['onChange'] }) {
  const stepUp = useStepUp();
  return (
    <p className="row">
      <span>{left === 1 ? '1 recovery code is left.' : `${left} recovery codes are left.`}</span>
      <Action
        label="Make new ones"
        kind="quiet"
        onPress={async () => onRenew(await stepUp(() => client.factors.renewRecoveryCodes()))}
      />
    </p>
  );
}

/** They are shown this once. */
function RecoveryCodes({ codes, onSaved }: { codes: readonly string[]; onSaved: () => void }) {
  const say = useSay();
  const text = `${codes.join('\n')}\n`;
  async function copy() {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  }
  return (
    <Card
      title="Your recovery codes"
      intro="Without your phone, each of these lets you in once. Keep them where you keep your passwords: they are shown only now."
    >
      <ol className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="buttons">
        <Action label="I have saved them" kind="primary" onPress={onSaved} />
        <Action label="Copy" onPress={copy} />
        <a
          className="button secondary"
          download="recovery-codes.txt"
          href={`data:text/plain,${encodeURIComponent(text)}`}
        >
          Download
        </a>
      </div>
    </Card>
  );
}

function Passkeys({ passkeys, onChange }: { passkeys: readonly Passkey[] } & OnChange) {
  const [renaming, setRenaming] = useState<string>();
  const stepUp = useStepUp();
  const say = useSay();

  async function add() {
    const { recovery_codes } = await stepUp(() => client.passkeys.add());
    await onChange(recovery_codes);
    say('The passkey is added.');
  }

  async function rename(id: string, name: string) {
    await client.passkeys.rename(id, name);
    setRenaming(undefined);
    await onChange();
  }

  async function remove(id: string) {
    await stepUp(() => client.passkeys.remove(id));
    await onChange();
    say('The passkey is removed.');
  }

  return (
    <>
      {passkeys.length > 0 && (
        <ul className="list">
          {passkeys.map(({ id, name, created_at, last_used_at }) =>
            renaming === id ? (
              <li key={id}>
                <Form label="Save name" onSubmit={({ name: next = '' }) => rename(id, next)}>
                  <Field label="Name" name="name" defaultValue={name} autoComplete="off" autoFocus />
                </Form>
              </li>
            ) : (
              <li key={id}>
                <div>
                  <strong>{name}</strong>
                  <span className="muted">
                    {last_used_at === null ? 'Added ' : 'Last used '}
                    <Time at={last_used_at ?? created_at} />
                  </span>
                </div>
                <div className="buttons">
                  <Action label="Rename" kind="quiet" about={name} onPress={() => setRenaming(id)} />
                  <Action label="Remove" kind="danger" about={name} onPress={() => remove(id)} />
                </div>
              </li>
            ),
          )}
        </ul>
      )}
      <Action label="Add a passkey" onPress={add} />
    </>
  );
}

function Password() {
  const { user } = useSession();
  const stepUp = useStepUp();
  const say = useSay();

  async function change(
    { current_password = '', new_password = '' }: Record<string, string>,
    form: HTMLFormElement,
  ) {
    await stepUp(() => client.changePassword({ current_password, new_password }));
    form.reset();
    say('Your password is changed, and all other devices are signed out.');
  }

  return (
    <Card title="Password">
      <Form label="Change password" kind="secondary" onSubmit={change}>
        <AccountField name={user?.email ?? user?.username} />
        <Field
          label="Current password"
          name="current_password"
          type="password"
          autoComplete="current-password"
          hint="No password yet? Sign out, and set one with “Forgot password?”"
        />
        <NewPasswordField />
      </Form>
    </Card>
  );
}
