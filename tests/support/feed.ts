import { randomUUID } from 'node:crypto';
import type { RecordedRevocation } from '../../src/core/revocation/revocation.ts';
import { createRevocationTable } from '../../src/core/revocation/revocations.store.ts';
import { revocationOf } from '../../src/core/sessions/ending.ts';
import type { TestApp } from './app.ts';
import { makeClient, tokenOf } from './clients.ts';
import { eventually } from './several-processes.ts';

/** An event as the feed tells it. */
export interface Event {
  readonly kind: string;
  readonly id: string;
  readonly not_before?: string;
  readonly expires_at: string;
}

/** A service that follows what is revoked. */
export async function aFollower(app: TestApp) {
  const client = await makeClient(app, { scope: 'revocations:read' });
  const token = await tokenOf(app, client);
  const ask = (query: Readonly<Record<string, string | number>> = {}, at = app) =>
    at.get('/revocations').query(query).auth(token, { type: 'bearer' });

  /** Everything there is, from the first page to the last. */
  async function snapshot(): Promise<{ events: Event[]; cursor: string; pages: number }> {
    const events: Event[] = [];
    let page = (await ask().expect(200)).body;
    let pages = 1;
    for (; page.more; pages++) {
      events.push(...page.events);
      page = (await ask({ after: page.cursor }).expect(200)).body;
    }
    return { events: [...events, ...page.events], cursor: page.cursor, pages };
  }

  /** The cursor of a follower that has everything, and knows that it has. */
  async function caughtUp(): Promise<string> {
    await app.follower.catchUp();
    let { cursor } = await snapshot();
    for (;;) {
      const { body } = await ask({ after: cursor }).expect(200);
      cursor = body.cursor;
      if (body.events.length === 0) return cursor;
    }
  }

  return { client, token, ask, snapshot, caughtUp };
}

/** Resolves once so many followers wait. */
export async function untilWaiting(app: TestApp, count: number): Promise<void> {
  const waiting = await eventually(app.revocationLog.waiting, (waits) => waits === count);
  if (waiting !== count) throw new Error(`${waiting} followers wait, not ${count}`);
}

/** Records the end of a session that no one here knows, at a given position of the table if that matters. */
export async function recordRevocation(
  app: TestApp,
  position?: number,
  id: string = randomUUID(),
): Promise<string> {
  const at = new Date(app.clock.now());
  const row = { ...revocationOf('session', id, null, at), createdAt: at };
  await app.models.revocations.create(position === undefined ? row : { ...row, id: position });
  return id;
}

export function idsOf(events: readonly Event[]): string[] {
  return events.map(({ id }) => id);
}

/** What has been recorded so far, at most a thousand. */
export function recordedRevocations({ database }: Pick<TestApp, 'database'>): Promise<RecordedRevocation[]> {
  return createRevocationTable(database).list(0, Number.MAX_SAFE_INTEGER, 1000);
}
