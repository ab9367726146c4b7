import { useSession } from '@latchkey/client/react';
import { useState } from 'react';
import { client } from '../auth.ts';
import { useStepUp } from '../step-up.tsx';
import { Action, Card, Field, Form, Page, useSay } from '../ui.tsx';
import { ConfirmEmail } from './confirm-email.tsx';

const LANGUAGES = ['en', 'de', 'es', 'fr', 'it', 'ja', 'pt-BR'];

/** @param codeSentTo the address to which a sign-up on this page has had a code sent */
export function Profile({ codeSentTo }: { codeSentTo: string | null }) {
  const { user } = useSession();
  const say = useSay();

  async function save({ name = '', username = '', language = '' }: Record<string, string>) {
    await client.updateUser({ name: name || null, username: username || null, language: language || null });
    say('Saved.');
  }

  return (
    <Page title="Profile">
      <Card title="About you">
        {/* Another tab may have changed it. */}
        <Form key={user?.updated_at} label="Save" onSubmit={save}>
          <Field
            label="Name"
            name="name"
            autoComplete="name"
            defaultValue={user?.name ?? ''}
            required={false}
          />
          <Field
            label="Username"
            name="username"
            autoComplete="off"
            autoCapitalize="none"
            defaultValue={user?.username ?? ''}
            required={false}
            hint="You can sign in with it in place of your email address."
          />
          <Language current={user?.language ?? ''} />
        </Form>
      </Card>
      <Email key={user?.email} codeSentTo={codeSentTo} />
    </Page>
  );
}

function Language({ current }: { current: string }) {
  const names = new Intl.DisplayNames(undefined, { type: 'language' });
  const languages = new Set([...LANGUAGES, ...(current && [current])]);
  return (
    <div className="field">
      <label htmlFor="language">Language of messages</label>
      <select id="language" name="language" defaultValue={current}>
        <option value="">As in my browser</option>
        {[...languages].map((language) => (
          <option key={language} value={language}>
            {names.of(language)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Email({ codeSentTo }: { codeSentTo: string | null }) {
  const { user } = useSession();
  const [change, setChange] = useState<{ email: string; challenge_id: string }>();
  const [isChanging, setChanging] = useState(false);
  const stepUp = useStepUp();
  const say = useSay();

  async function request({ email = '' }: Record<string, string>, form: HTMLFormElement) {
    const { challenge_id } = await stepUp(() => client.call('POST /me/email', { email }));
    setChange({ email, challenge_id });
    form.reset();
  }

  async function confirmed() {
    const { email } = await client.user();
    setChange(undefined);
    setChanging(false);
    say(`${email} is confirmed.`);
  }

  return (
    <Card title="Email address">
      <p>
        {user?.email ?? 'You have none.'}{' '}
        {user?.email &&
          (user.email_verified ? (
            <span className="badge good">Confirmed</span>
          ) : (
            <span className="badge">Not confirmed</span>
          ))}
      </p>
      {user?.email && !user.email_verified && change === undefined && (
        <ConfirmEmail
          key={codeSentTo}
          email={user.email}
          sent={codeSentTo === user.email ? 'sign-up' : undefined}
          onDone={confirmed}
        />
      )}
      {change !== undefined ? (
        <ConfirmEmail key={change.challenge_id} email={change.email} sent={change} onDone={confirmed} />
      ) : isChanging ? (
        <Form label="Send a code there" kind="secondary" onSubmit={request}>
          <Field label="New email address" name="email" type="email" autoComplete="email" autoFocus />
        </Form>
      ) : (
        <Action
          label={user?.email ? 'Change it' : 'Add one'}
          kind="quiet"
          onPress={() => setChanging(true)}
        />
      )}
    </Card>
  );
}
