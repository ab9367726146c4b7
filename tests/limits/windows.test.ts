import { describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { useApp } from '../support/app.ts';
import { aPerson, signUp } from '../support/people.ts';
import { aNetwork, expectLimited, quotasOf } from '../support/quotas.ts';
import { useTwoApps } from '../support/two-apps.ts';
import { statusCounts, waitFor } from './requests.ts';

/** Several windows of one second. */
const GENEROUS_MILLISECONDS = 10_000;

describe('A window that ends', () => {
  const app = useApp('SQLite', { RATE_LIMIT_LOGIN_IP: '2/1', TRUST_PROXY: '1' });

  const logInFrom = (address: string) => app.post('/login').set('X-Forwarded-For', address).send(aPerson());

  /** Sends until one is refused, and returns that one. */
  async function useUp(address: string): Promise<Response> {
    for (;;) {
      const response = await logInFrom(address);
      if (response.status === 429) return response;
    }
  }

  it('gives the whole quota back after the seconds in Retry-After', async () => {
    const address = aNetwork();
    const refused = await useUp(address);
    expectLimited(refused, { policy: 'login-ip', limit: 2, windowSeconds: 1 });

    await waitFor(refused);

    const again = await logInFrom(address).expect(401);
    expect(quotasOf(again)[0]).toMatchObject({ policy: 'login-ip', remaining: 1 });
  });

  it('ends for a client that does not stop asking as well', async () => {
    const address = aNetwork();
    const deadline = performance.now() + GENEROUS_MILLISECONDS;
    let { status } = await useUp(address);

    while (status === 429 && performance.now() < deadline) ({ status } = await logInFrom(address));

    expect(status).toBe(401);
  });
});

describe('Requests that come at once', () => {
  const app = useApp('SQLite', { RATE_LIMIT_TOKEN: '10/60', RATE_LIMIT_LOGIN_IP: '10/60' });

  it('are let through exactly so often as the limit has it', async () => {
    const { token } = await signUp(app);

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => app.get('/verify').auth(token, { type: 'bearer' })),
    );

    expect(statusCounts(answers)).toEqual({ 200: 10, 429: 90 });
    const left = answers
      .filter(({ status }) => status === 200)
      .map((answer) => quotasOf(answer)[0]?.remaining);
    expect(left.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are let through exactly so often by a route that reads a body, too', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.post('/login').send({})));

    expect(statusCounts(answers)).toEqual({ 400: 10, 429: 90 });
  });
});

describe('Two processes without Redis', () => {
  const apps = useTwoApps('SQLite', () => ({ RATE_LIMIT_TOKEN: '3/60' }));

  it('each count for themselves', async () => {
    const { token } = await signUp(apps.first);
    const verifyAt = (app: typeof apps.first) => app.get('/verify').auth(token, { type: 'bearer' });
    for (let count = 0; count < 3; count++) await verifyAt(apps.first).expect(200);
    await verifyAt(apps.first).expect(429);

    const elsewhere = await verifyAt(apps.second).expect(200);

    expect(quotasOf(elsewhere)).toMatchObject([{ policy: 'token', remaining: 2 }]);
  });
});
