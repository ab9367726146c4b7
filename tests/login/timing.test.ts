import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { v7 as uuidv7 } from 'uuid';
import { useApp } from '../support/app.ts';
import { isLongForm, times } from '../support/extent.ts';
import { CANARY } from '../support/logs.ts';
import { compareTimes, shuffled } from '../support/welch.ts';

/** Few measurements find a difference that is large; the long form looks for small ones. */
const MEASURED = times(100, 2_000);
const WARM_UP = times(20, 100);
const MAX_T = 4.5;
const PLANTED_MILLISECONDS = isLongForm() ? 1 : 50;
const MAX_DIFFERENCE_MILLISECONDS = PLANTED_MILLISECONDS / 2;
/** A planted difference is found with fewer measurements, and they take time. */
const PLANTED_EVERY = 2;
const A_MONTH_MILLISECONDS = 30 * 86_400_000;

/** What kind of account an identifier belongs to; `planted` ones are known and take longer. */
const KINDS = [
  'unknown',
  'known',
  'without a password',
  'with a second factor',
  'locked',
  'planted',
] as const;

type Kind = (typeof KINDS)[number];

/** All equally long. */
function emailOf(kind: Kind, index: number): string {
  return `${KINDS.indexOf(kind)}-${String(index).padStart(5, '0')}@example.com`;
}

/** At bcrypt's lowest cost, where a hash hides the least. Each account is tried once, so that no delay comes in between. */
describe('POST /login with a wrong password takes', () => {
  const app = useApp('SQLite', { LOG_LEVEL: 'info' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const took = Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as Record<Kind, number[]>;
  let plants = false;

  beforeAll(async () => {
    for (const kind of KINDS) await seed(kind);
    plantDelays();
    await measure();
  }, 180_000);

  afterAll(() => agent.destroy());

  /** Accounts of one kind, made in the course of the last month. */
  async function seed(kind: Kind): Promise<void> {
    if (kind === 'unknown') return;
    const { users, loginFailures, totpFactors } = app.models;
    const now = app.clock.now();
    const bcryptHash = await bcrypt.hash(`${CANARY} staple`, 4);
    const passwordHash = kind === 'without a password' ? null : `lk1:a4ae8a0e:${bcryptHash}`;
    const rows = Array.from({ length: WARM_UP + MEASURED }, (_, index) => {
      const createdAt = new Date(now - Math.random() * A_MONTH_MILLISECONDS);
      const email = emailOf(kind, index);
      const id = uuidv7({ msecs: createdAt.getTime() });
      const secondFactorSince = kind === 'with a second factor' ? createdAt : null;
      const account = { id, email, emailCanonical: email, passwordHash, secondFactorSince };
      return { ...account, createdAt, updatedAt: createdAt };
    });
    await users.bulkCreate(rows);
    if (kind === 'with a second factor') {
      const factors = rows.map(({ id, createdAt }) => ({ id, userId: id, secret: 'sealed', createdAt }));
      await totpFactors.bulkCreate(factors.map((factor) => ({ ...factor, confirmedAt: factor.createdAt })));
    }
    if (kind !== 'locked') return;
    const failedAt = new Date(now - A_MONTH_MILLISECONDS);
    const failures = { device: '', failures: 100, recentFailures: 0, failedAt, waitsUntilMs: 0 };
    await loginFailures.bulkCreate(rows.map(({ id }) => ({ account: id, ...failures })));
  }

  /** Lets the comparison of some passwords take longer: proof that a difference would be found. */
  function plantDelays(): void {
    const { compare } = app.hashWorkers;
    const slowCompare: typeof compare = async (client, task) => {
      const matches = await compare(client, task);
      const until = performance.now() + (plants ? PLANTED_MILLISECONDS : 0);
      while (performance.now() < until);
      return matches;
    };
    Object.assign(app.hashWorkers, { compare: slowCompare });
  }

  /** One of each kind after the other, in another order every time, so that whatever else goes on meets all alike. */
  async function measure(): Promise<void> {
    const indexes = KINDS.map(() => shuffled([...Array(WARM_UP + MEASURED).keys()]));
    for (let round = 0; round < WARM_UP + MEASURED; round++) {
      for (const kind of shuffled(KINDS)) {
        if (kind === 'planted' && round % PLANTED_EVERY !== 0) continue;
        plants = kind === 'planted';
        const answered = await timeOf(emailOf(kind, indexes[KINDS.indexOf(kind)]?.[round] ?? 0));
        if (round >= WARM_UP) took[kind].push(answered);
      }
    }
  }

  /** Milliseconds from the request to the end of its answer. */
  function timeOf(email: string): Promise<number> {
    const body = JSON.stringify({ email, password: `${CANARY} wrong` });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const begunAt = performance.now();
      const sent = request(`${app.url}/login`, { agent, method: 'POST', headers }, (response) => {
        if (response.statusCode !== 401) reject(new Error(`${email} was answered ${response.statusCode}`));
        response.resume().on('end', () => resolve(performance.now() - begunAt));
      });
      sent.on('error', reject).end(body);
    });
  }

  it.each<Kind>(['known', 'without a password', 'with a second factor', 'locked'])(
    'no other time for an account that is %s than for an unknown one, or it would tell who has one',
    (kind) => {
      const { t, meanDifference } = compareTimes(took.unknown, took[kind]);

      expect(Math.abs(t)).toBeLessThan(MAX_T);
      expect(Math.abs(meanDifference)).toBeLessThan(MAX_DIFFERENCE_MILLISECONDS);
    },
  );

  it('measurably longer where time is added for a known account, so a difference would be found', () => {
    const { t, meanDifference } = compareTimes(took.unknown, took.planted);

    expect(t).toBeGreaterThan(MAX_T);
    expect(meanDifference).toBeGreaterThan(MAX_DIFFERENCE_MILLISECONDS);
  });
});
