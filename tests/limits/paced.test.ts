import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';
import { sumOf } from '../support/scrape.ts';

/** Refusals that go at once are fifty in a burst. */
const MANY = 120;

describe('a refusal of what a good credential sends too often', () => {
  const app = useApp('SQLite', { RATE_LIMIT_TOKEN: '1/60' });

  it('goes at once, so that one client behind a gateway does not take all of its connections', async () => {
    const { token } = await signUp(app);
    const ask = () => app.get('/verify').auth(token, { type: 'bearer' });
    await ask();

    const answers = await Promise.all(Array.from({ length: MANY }, ask));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([429]));
    expect(sumOf(await app.scrape(), 'latchkey_paced_refusals_total')).toBe(0);
  });
});

describe('a refusal at /oauth', () => {
  const app = useApp('SQLite', { RATE_LIMIT_OAUTH_IP: '1/60' });

  it('is paced like those of logins where the address has sent too much', async () => {
    const ask = () => app.post('/oauth/token').type('form').send({ grant_type: 'client_credentials' });
    await ask();

    const answers = await Promise.all(Array.from({ length: MANY }, ask));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([429]));
    expect(sumOf(await app.scrape(), 'latchkey_paced_refusals_total')).toBe(MANY);
  });
});
