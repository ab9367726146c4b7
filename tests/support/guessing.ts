import { jest } from '@jest/globals';
import type { Response } from 'supertest';
import type { TestApp } from './app.ts';
import { CANARY } from './logs.ts';

/** What names an account, and maybe a device that it knows. */
export interface Identifier {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  readonly device_token?: string;
}

/** What `login-account` has left (r) and in how many seconds there is more (t), as the field RateLimit tells. */
export function quotaOf({ headers }: Response): { r: number; t: number } | undefined {
  const [, r, t] = /"login-account";r=(\d+);t=(\d+)/.exec(headers.ratelimit ?? '') ?? [];
  return r === undefined ? undefined : { r: Number(r), t: Number(t) };
}

/** Longer than any delay between two failures, and shorter than the time after which a delay is forgotten. */
const LONGER_THAN_ANY_DELAY_SECONDS = 901;

/** Moves the clock to where every account may be tried again. */
export function waitOut({ clock }: Pick<TestApp, 'clock'>): void {
  clock.advanceSeconds(LONGER_THAN_ANY_DELAY_SECONDS);
}

/** Tries wrong passwords one after another, each as soon as one may. */
export async function failTimes(app: TestApp, times: number, identifier: Identifier): Promise<Response[]> {
  const answers: Response[] = [];
  for (let time = 0; time < times; time++) {
    answers.push(
      await app
        .post('/login')
        .send({ ...identifier, password: `${CANARY} wrong ${time}` })
        .expect(401),
    );
    if (quotaOf(answers.at(-1) as Response)?.r === 0) waitOut(app);
  }
  return answers;
}

/** How many passwords were compared with a stored hash, by any of these apps, while `doing` ran. */
export async function evaluatedDuring(
  apps: readonly TestApp[],
  doing: () => Promise<unknown>,
): Promise<number> {
  const spies = apps.map(({ hashWorkers }) => jest.spyOn(hashWorkers, 'compare'));
  await doing();
  const tasks = spies.flatMap((spy) => spy.mock.calls.map(([, task]) => task));
  for (const spy of spies) spy.mockRestore();
  return tasks.filter(({ mayMatch }) => mayMatch).length;
}

/** An answer without what differs from one request to the next. */
export function comparable({ status, headers, body }: Response) {
  const { date: _date, 'x-request-id': _id, ratelimit = '', ...others } = headers as Record<string, string>;
  const ofAccount = ratelimit.replace(/"login-ip";r=\d+;t=\d+/, 'all of this suite');
  return { status, headers: others, ratelimit: ofAccount, body: { ...body, instance: 'any' } };
}
