import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

/** Seconds of work. */
const LONG_COST = 15;

describe('A stop while passwords are hashed', () => {
  const app = useApp('SQLite', { HASH_WORKERS: '1' });

  it('answers 503 overloaded to a login whose hash it gives up, which is no error for the log', async () => {
    const { email, password } = await signUp(app);
    const running = app.hashWorkers.hash('127.0.0.1', { kind: 'hash', text: 'long', cost: LONG_COST });
    const givenUp = expect(running).rejects.toMatchObject({ code: 'overloaded' });
    const answer = app.post('/login').send({ email, password });
    const answered = answer.then((response) => response);
    while (app.hashWorkers.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));

    await app.hashWorkers.close();

    await givenUp;
    const { status, body } = await answered;
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'overloaded' });
    expect(app.logs.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
