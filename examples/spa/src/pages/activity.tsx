import type { AuditEvent } from '@latchkey/client';
import { useState } from 'react';
import { client } from '../auth.ts';
import { Action, Card, Loading, Page, Time, useLoaded } from '../ui.tsx';
import { deviceInWords, eventInWords } from '../words.ts';

const PAGE_SIZE = 20;
const loadLatest = () => client.call('GET /me/activity', undefined, { limit: PAGE_SIZE });

export function Activity() {
  const { value: latest, error } = useLoaded(loadLatest);
  const [earlier, setEarlier] = useState<{ events: AuditEvent[]; next_cursor: string | null }>();

  const events = [...(latest?.events ?? []), ...(earlier?.events ?? [])];
  const cursor = (earlier ?? latest)?.next_cursor;

  async function more() {
    if (!cursor) return;
    const page = await client.call('GET /me/activity', undefined, { limit: PAGE_SIZE, cursor });
    setEarlier({ ...page, events: [...(earlier?.events ?? []), ...page.events] });
  }

  return (
    <Page title="Activity">
      <Card title="What happened" intro="Latest first.">
        {latest === undefined ? (
          <Loading error={error} />
        ) : (
          <ul className="list">
            {events.map((event) => (
              <li key={event.id}>
                <div>
                  <strong>{eventInWords(event)}</strong>
                  <span className="muted">
                    <Time at={event.created_at} />
                    {event.user_agent && ` · ${deviceInWords(event.user_agent)}`}
                    {event.ip && ` · ${event.ip}`}
                  </span>
                </div>
                {event.outcome === 'failure' && <span className="badge bad">Refused</span>}
              </li>
            ))}
          </ul>
        )}
        {cursor && <Action label="Show more" onPress={more} />}
      </Card>
    </Page>
  );
}
