import { client } from '../auth.ts';
import { Action, Card, Loading, Page, Time, useLoaded, useSay } from '../ui.tsx';
import { deviceInWords, methodInWords } from '../words.ts';

const loadDevices = () => client.call('GET /sessions');

export function Devices() {
  const { value, error, reload } = useLoaded(loadDevices);
  const say = useSay();

  async function end(id: string) {
    await client.sessions.end(id);
    await reload();
    say('The device is signed out.');
  }

  async function endOthers() {
    await client.signOut({ scope: 'others' });
    await reload();
    say('All other devices are signed out.');
  }

  async function forget(id: string) {
    await client.call('DELETE /me/remembered-devices/{id}', undefined, { id });
    await reload();
    say('That device is asked for a second factor again.');
  }

  if (value === undefined)
    return (
      <Page title="Devices">
        <Loading error={error} />
      </Page>
    );
  const { sessions, remembered_devices } = value;
  return (
    <Page title="Devices">
      <Card title="Signed in" intro="Do not recognise one of these? Sign it out, and change your password.">
        <ul className="list">
          {sessions.map(({ id, user_agent, ip, last_used_at, method, current }) => (
            <li key={id}>
              <div>
                <strong>
                  {deviceInWords(user_agent)} {current && <span className="badge good">This device</span>}
                </strong>
                <span className="muted">
                  {current ? 'Active now' : <Time at={last_used_at} />}
                  {ip && ` · ${ip}`} · {methodInWords(method)}
                </span>
              </div>
              {!current && (
                <Action label="Sign out" about={deviceInWords(user_agent)} onPress={() => end(id)} />
              )}
            </li>
          ))}
        </ul>
        <div className="buttons">
          {sessions.length > 1 && <Action label="Sign out all others" onPress={endOthers} />}
          <Action
            label="Sign out everywhere"
            kind="danger"
            onPress={() => client.signOut({ scope: 'global' })}
          />
        </div>
      </Card>
      {remembered_devices.length > 0 && (
        <Card title="Remembered" intro="These are not asked for a second factor.">
          <ul className="list">
            {remembered_devices.map(({ id, user_agent, ip, expires_at }) => (
              <li key={id}>
                <div>
                  <strong>{deviceInWords(user_agent)}</strong>
                  <span className="muted">
                    Until <Time at={expires_at} />
                    {ip && ` · ${ip}`}
                  </span>
                </div>
                <Action label="Forget" about={deviceInWords(user_agent)} onPress={() => forget(id)} />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Page>
  );
}
