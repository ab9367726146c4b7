import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../support/app.ts';
import { isLongForm, times } from '../support/extent.ts';
import { compareTimes, shuffled } from '../support/welch.ts';

/** Few measurements find a difference that is large; the long form looks for small ones. */
const MEASURED = times(50, 2_000);
const WARM_UP = times(15, 100);
const MAX_T = 4.5;
const PLANTED_MILLISECONDS = isLongForm() ? 1 : 20;
const MAX_DIFFERENCE_MILLISECONDS = PLANTED_MILLISECONDS / 2;
/** A planted difference is found with fewer measurements, and they take time. */
const PLANTED_EVERY = times(2, 3);

/** Whose address it is; `planted` ones are known and take longer. */
const KINDS = ['unknown', 'known', 'disabled', 'planted'] as const;

type Kind = (typeof KINDS)[number];

/** All equally long. */
function emailOf(path: string, kind: Kind, index: number): string {
  return `${path.length}-${KINDS.indexOf(kind)}-${String(index).padStart(5, '0')}@example.com`;
}

describe.each(['/password/forgot', '/otp', '/login/link'])('POST %s takes', (path) => {
  const app = useApp('SQLite', { LOG_LEVEL: 'info' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const took = Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as Record<Kind, number[]>;
  let plants = false;

  beforeAll(async () => {
    for (const kind of KINDS) await seed(kind);
    plantDelays();
    await measure();
  }, 900_000);

  afterAll(() => agent.destroy());

  async function seed(kind: Kind): Promise<void> {
    if (kind === 'unknown') return;
    const createdAt = new Date(app.clock.now() - 86_400_000);
    const disabledAt = kind === 'disabled' ? createdAt : null;
    const rows = Array.from({ length: WARM_UP + MEASURED }, (_, index) => {
      const email = emailOf(path, kind, index);
      const id = uuidv7({ msecs: createdAt.getTime() });
      return {
        id,
        email,
        emailCanonical: email,
        emailVerifiedAt: createdAt,
        disabledAt,
        createdAt,
        updatedAt: createdAt,
      };
    });
    await app.models.users.bulkCreate(rows);
  }

  /** Lets some look-ups of addresses take longer: proof that a difference would be found. */
  function plantDelays(): void {
    const { users } = app.core.store;
    const { findByEmail } = users;
    const slow: typeof findByEmail = async (canonical) => {
      const user = await findByEmail(canonical);
      const until = performance.now() + (plants ? PLANTED_MILLISECONDS : 0);
      while (performance.now() < until);
      return user;
    };
    Object.assign(users, { findByEmail: slow });
  }

  /** One of each kind after the other, in another order every time, so that whatever else goes on meets all alike. */
  async function measure(): Promise<void> {
    const indexes = KINDS.map(() => shuffled([...Array(WARM_UP + MEASURED).keys()]));
    for (let round = 0; round < WARM_UP + MEASURED; round++) {
      for (const kind of shuffled(KINDS)) {
        if (kind === 'planted' && round % PLANTED_EVERY !== 0) continue;
        plants = kind === 'planted';
        const answered = await timeOf(emailOf(path, kind, indexes[KINDS.indexOf(kind)]?.[round] ?? 0));
        // Messages leave after the answer, and must not meet the next request.
        await app.outbox.settled();
        if (round >= WARM_UP) took[kind].push(answered);
      }
    }
  }

  /** Milliseconds from the request to the end of its answer. */
  function timeOf(email: string): Promise<number> {
    const body = JSON.stringify({ email });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const begunAt = performance.now();
      const sent = request(`${app.url}${path}`, { agent, method: 'POST', headers }, (response) => {
        if (response.statusCode !== 202) reject(new Error(`${email} was answered ${response.statusCode}`));
        response.resume().on('end', () => resolve(performance.now() - begunAt));
      });
      sent.on('error', reject).end(body);
    });
  }

  it.each<Kind>(['known', 'disabled'])(
    'no other time for an address that is %s than for an unknown one, or it would tell who has an account',
    (kind) => {
      const { t, meanDifference } = compareTimes(took.unknown, took[kind]);

      expect(Math.abs(t)).toBeLessThan(MAX_T);
      expect(Math.abs(meanDifference)).toBeLessThan(MAX_DIFFERENCE_MILLISECONDS);
    },
  );

  it('measurably longer where time is added for a known address, so a difference would be found', () => {
    const { t, meanDifference } = compareTimes(took.unknown, took.planted);

    expect(t).toBeGreaterThan(MAX_T);
    expect(meanDifference).toBeGreaterThan(MAX_DIFFERENCE_MILLISECONDS);
  });
});
