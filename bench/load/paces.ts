import { setTimeout as sleep } from 'node:timers/promises';
import { nowMilliseconds, type Pace } from './load.ts';

/** Sends one request that is due at this time; `answered` is called when it was answered. */
export type Send = (dueAt: number, answered: () => void) => void;

/** Timers have a resolution of a millisecond; what is due by then leaves together. Waking for nothing takes time too. */
const TICK_MILLISECONDS = 1;

/** Sends at this pace until `endsAt`. What is open then is still open when this resolves. */
export function keepPace(pace: Pace, endsAt: number, send: Send): Promise<void> {
  return 'connections' in pace
    ? sendWhenAnswered(pace.connections, endsAt, send)
    : sendOnSchedule(pace.perSecond, endsAt, send);
}

async function sendWhenAnswered(connections: number, endsAt: number, send: Send): Promise<void> {
  function next(): void {
    const dueAt = nowMilliseconds();
    if (dueAt < endsAt) send(dueAt, next);
  }
  for (let connection = 0; connection < connections; connection++) next();
  await sleep(endsAt - nowMilliseconds());
}

async function sendOnSchedule(perSecond: number, endsAt: number, send: Send): Promise<void> {
  const intervalMilliseconds = 1000 / perSecond;
  let dueAt = nowMilliseconds();
  while (dueAt < endsAt) {
    for (const now = nowMilliseconds(); dueAt <= now && dueAt < endsAt; dueAt += intervalMilliseconds) {
      send(dueAt, () => {});
    }
    await sleep(Math.max(TICK_MILLISECONDS, Math.min(dueAt, endsAt) - nowMilliseconds()));
  }
}
